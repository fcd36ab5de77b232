// SPDX-License-Identifier: Apache-2.0
// The papers of galgo tpm as files.
import { mkdirSync, writeFileSync } from "node:fs";
import { CodedError } from "../base/errors.ts";
import { quote } from "../base/quote.ts";
import { readAtMost } from "../quote/read-file.ts";
import { out } from "./render.ts";

/** Bytes of a file that is read. */
const MAX_BYTES: number = 16 * 1024 * 1024;

/** NO_FILE: it can not be read. NOT_WRITTEN: it can not be written. BAD_OPTION: options contradict one another. */
export class TpmFileError extends CodedError<"NO_FILE" | "NOT_WRITTEN" | "BAD_OPTION"> {}

/** @throws TpmFileError NO_FILE */
export function readBytes(file: string): Buffer {
  try {
    const bytes = readAtMost(file, MAX_BYTES);
    if (bytes !== undefined) return bytes;
    throw new TpmFileError("NO_FILE", `${quote(file)} is larger than ${MAX_BYTES} bytes`);
  } catch (cause) {
    if (cause instanceof TpmFileError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new TpmFileError("NO_FILE", `can not read ${quote(file)} (${code})`, { cause });
  }
}

export function readText(file: string): string {
  return readBytes(file).toString("utf8");
}

/** @param file undefined: stdout. @throws TpmFileError NOT_WRITTEN */
export function write(file: string | undefined, content: string | Uint8Array): void {
  if (file === undefined) {
    out(String(content));
    return;
  }
  written(file, () => writeFileSync(file, content));
}

/** @throws TpmFileError NOT_WRITTEN */
export function makeFolder(folder: string): void {
  written(folder, () => mkdirSync(folder, { recursive: true }));
}

function written(file: string, act: () => void): void {
  try {
    act();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new TpmFileError("NOT_WRITTEN", `can not write ${quote(file)} (${code})`, { cause });
  }
}
