// SPDX-License-Identifier: Apache-2.0
// Makes the images of agents: from the sources that come with Galgo, by the compiler of the place; and gives firmware its key.
import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { quote } from "../../base/quote.ts";
import { AgentError } from "../agent-errors.ts";
import type { BoardName } from "../locality.ts";
import { DIGEST_BYTES } from "../protocol.ts";

/** What an image can be made for. */
export type ImagePlace = "process" | "vm" | BoardName;

export interface BuiltImage {
  readonly file: string;
  /** SHA-256, hex. */
  readonly codeDigest: string;
  readonly bytes: number;
}

/** The mark before the place of the key in firmware (tma-core/agent/cortex-m/firmware.c), its zero included. */
const KEY_MARK = Buffer.from("galgo tma key 1\0", "latin1");

/** @param file is made anew, in a folder that exists. @throws AgentError NOT_STARTED when there is no compiler for it, or it fails; BAD_OPTION */
export function buildImage(place: ImagePlace, file: string): BuiltImage {
  const script = fileURLToPath(new URL("../../../tma-core/build.sh", import.meta.url));
  const temporary = `${file}.${process.pid}`;
  try {
    makeFolder(dirname(file));
    const { status, error, stderr } = spawnSync("sh", [script, place, temporary], {
      encoding: "utf8",
    });
    if (status !== 0) {
      const why = error?.message ?? stderr.trim().replace(/^tma-core\/build\.sh: /, "");
      throw new AgentError(
        "NOT_STARTED",
        `the agent for ${place} can not be built: ${quote(why, 400)}`,
      );
    }
    renameSync(temporary, file);
  } finally {
    rmSync(temporary, { force: true });
  }
  return imageFacts(file);
}

/** With those above it. Node's own way to do that never ends where a file system has no room for folders (/proc). */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  if (dirname(folder) !== folder) makeFolder(dirname(folder));
  try {
    mkdirSync(folder);
  } catch (cause) {
    if (existsSync(folder)) return; // somebody else has made it
    const why = cause instanceof Error ? cause.message : String(cause);
    const problem = `${quote(folder)} can not be made: ${why}; name a file elsewhere`;
    throw new AgentError("BAD_OPTION", problem, { cause });
  }
}

function imageFacts(file: string): BuiltImage {
  const bytes = readFileSync(file);
  return {
    file,
    codeDigest: createHash("sha256").update(bytes).digest("hex"),
    bytes: bytes.length,
  };
}

/**
 * Writes a copy of firmware that has a new key, and the key beside it for Galgo; nobody else can read the two.
 * @throws AgentError BAD_OPTION when the image has no place for a key, or has one already
 */
export function provisionImage(image: string, firmware: string, keyFile: string): BuiltImage {
  const bytes = readFileSync(image);
  const mark = bytes.indexOf(KEY_MARK);
  const at = mark + KEY_MARK.length;
  if (mark < 0 || bytes.indexOf(KEY_MARK, at) >= 0 || at + DIGEST_BYTES > bytes.length) {
    throw new AgentError("BAD_OPTION", `${quote(image)}: no firmware of Galgo's agent`);
  }
  if (bytes.subarray(at, at + DIGEST_BYTES).some((byte) => byte !== 0)) {
    throw new AgentError("BAD_OPTION", `${quote(image)}: this firmware has a key already`);
  }
  const key = randomBytes(DIGEST_BYTES);
  key.copy(bytes, at);
  writeSecret(keyFile, `${key.toString("hex")}\n`);
  try {
    writeSecret(firmware, bytes);
  } catch (error) {
    rmSync(keyFile, { force: true }); // it is of no firmware, and would be in the way of the next try
    throw error;
  }
  return imageFacts(firmware);
}

/** Never over something that is there: it may be the only copy of a key. */
function writeSecret(file: string, content: string | Uint8Array): void {
  try {
    makeFolder(dirname(file));
    writeFileSync(file, content, { flag: "wx", mode: 0o600 });
    chmodSync(file, 0o600);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new AgentError("BAD_OPTION", `${quote(file)} can not be written: ${why}`, { cause });
  }
}
