// SPDX-License-Identifier: Apache-2.0
// What is to run, by its digest: what a signed model can say that it is for.
import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import type { DigestSet } from "../../attest/signed/statement.ts";
import { isHex } from "../../base/hex.ts";
import { quote } from "../../base/quote.ts";
import { CommandError } from "../errors.ts";
import type { RunRequest } from "../run-request.ts";

const PIECE_BYTES = 1024 * 1024;
/** A larger program file is not looked into: whoever asks for it would wait too long. */
const MAX_PROGRAM_BYTES: number = 2 * 1024 * 1024 * 1024;

/**
 * Digests of the image of a container, else of the program file; undefined: not known (what ran already was joined).
 * @param programOf finds the program file
 * @throws CommandError NOT_EXECUTABLE: the program can not be read
 */
export function digestsOfRun(
  request: RunRequest,
  programOf: (request: RunRequest) => string,
): DigestSet | undefined {
  if (request.container !== undefined) return imageDigests(request.container.imageDigest);
  if (request.command.length === 0) return undefined;
  return digestsOfProgram(programOf(request));
}

/** Of `sha256:HEX`; undefined: of another form, or not known. */
export function imageDigests(digest: string | undefined): DigestSet | undefined {
  const hex = digest?.startsWith("sha256:") === true ? digest.slice("sha256:".length) : "";
  return isHex(hex, 32) ? { sha256: hex } : undefined;
}

/** @throws CommandError NOT_EXECUTABLE: the file can not be read */
export function digestsOfProgram(file: string): DigestSet {
  const hash = createHash("sha256");
  let descriptor: number | undefined;
  try {
    // without waiting: a pipe that nobody writes to would hold us for ever
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const status = fstatSync(descriptor);
    if (!status.isFile()) throw new Error("it is no regular file");
    if (status.size > MAX_PROGRAM_BYTES) throw new Error(`more than ${MAX_PROGRAM_BYTES} bytes`);
    const piece = Buffer.alloc(PIECE_BYTES);
    for (let size = readSync(descriptor, piece); size > 0; size = readSync(descriptor, piece)) {
      hash.update(piece.subarray(0, size));
    }
  } catch (cause) {
    const { code = (cause as Error).message } = cause as NodeJS.ErrnoException;
    throw new CommandError(
      "NOT_EXECUTABLE",
      `can not read ${quote(file)} (${quote(code, 80)}), and the policy wants its model to be signed for what it holds`,
      { cause },
    );
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
  return { sha256: hash.digest("hex") };
}
