// SPDX-License-Identifier: Apache-2.0
// What a client says first, read: its folder, its words and its environment.
import { readSealed } from "../../native/sealed-memory.ffi.ts";
import type { RunAsked } from "./command-line.ts";
import { FrameError, type Hello } from "./protocol.ts";

/** Words and environment of one client (bytes); no kernel lets a program have more. */
const MAX_WORDS_BYTES: number = 8 * 1024 * 1024;

/** Folder, words and environment, as the client has them. @throws NativeError, FrameError */
export function readAsked(fd: number, { words }: Hello): Pick<RunAsked, "cwd" | "words" | "env"> {
  const texts = textsOf(readSealed(fd, MAX_WORDS_BYTES));
  const [cwd] = texts;
  if (cwd === undefined || !cwd.startsWith("/") || texts.length < 1 + words)
    throw new FrameError("BAD_FRAME", "the client's words are cut short");
  return { cwd, words: texts.slice(1, 1 + words), env: environmentOf(texts.slice(1 + words)) };
}

/** Each one ends with a NUL. */
function textsOf(bytes: Buffer): string[] {
  const texts: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(0, at);
    if (end < 0) break;
    texts.push(bytes.toString("utf8", at, end));
    at = end + 1;
  }
  return texts;
}

/** As getenv(3) reads it: of two entries with one name the first. */
function environmentOf(entries: readonly string[]): NodeJS.ProcessEnv {
  const found = new Map<string, string>();
  for (const entry of entries) {
    const at = entry.indexOf("=", 1);
    const name = entry.slice(0, at);
    if (at > 0 && !found.has(name)) found.set(name, entry.slice(at + 1));
  }
  return Object.fromEntries(found);
}
