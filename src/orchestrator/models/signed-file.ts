// SPDX-License-Identifier: Apache-2.0
// Tells a signed model file by its first and last characters, and keeps it from being replaced by a model that nobody has signed; and keys
// from being replaced by anything.
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { looksSigned } from "../../attest/signed/sigstore-bundle.ts";
import { quote } from "../../base/quote.ts";
import { ModelUseError } from "../errors.ts";

const LOOKED_AT = 4_096;
const KEY = /^-----BEGIN [A-Z ]*KEY-----/m;

/** First and last characters of a file. Empty where there is no file that can be read: what is read next says why. */
function edgesOf(file: string): string {
  let descriptor: number;
  try {
    // without waiting: a pipe that nobody writes to would hold us for ever
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return "";
  }
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) return "";
    const bytes = Buffer.alloc(2 * LOOKED_AT);
    const head = readSync(descriptor, bytes, 0, LOOKED_AT, 0);
    const from = Math.max(head, stat.size - LOOKED_AT);
    const tail = readSync(descriptor, bytes, head, LOOKED_AT, from);
    return bytes.toString("latin1", 0, head + tail);
  } catch {
    return "";
  } finally {
    closeSync(descriptor);
  }
}

/** Whether a file looks like a signed model. */
export function isSignedFile(file: string): boolean {
  return looksSigned(edgesOf(file));
}

/**
 * A key that is gone can not be made again: `-o` and `--key` are easily mixed up.
 * @throws ModelUseError BAD_OPTION
 */
export function refuseKey(output: string): void {
  if (output === "-" || !KEY.test(edgesOf(output))) return;
  throw new ModelUseError(
    "BAD_OPTION",
    `${quote(output)} holds a key, and no key is replaced: choose another place with -o FILE`,
  );
}

/**
 * What Galgo makes of a model is signed by nobody, and must not stand where the signed one stood; nor where a key is.
 * @throws ModelUseError BAD_OPTION
 */
export function refuseReplacing(output: string): void {
  refuseKey(output);
  if (output === "-" || !isSignedFile(output)) return;
  throw new ModelUseError(
    "BAD_OPTION",
    `${quote(output)} is signed, and what would replace it is not: write it to another place with -o FILE, then sign that (galgo sign)`,
  );
}
