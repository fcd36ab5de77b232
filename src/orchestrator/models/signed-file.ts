// SPDX-License-Identifier: Apache-2.0
// Tells a signed model file by its first and last characters, and keeps it from being replaced by a model that nobody has signed.
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { looksSigned } from "../../attest/signed/sigstore-bundle.ts";
import { quote } from "../../base/quote.ts";
import { ModelUseError } from "../errors.ts";

const LOOKED_AT = 4_096;

/** Whether a file looks like a signed model. False where there is no file that can be read: what is read next says why. */
export function isSignedFile(file: string): boolean {
  let descriptor: number;
  try {
    descriptor = openSync(file, "r");
  } catch {
    return false;
  }
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) return false;
    const bytes = Buffer.alloc(2 * LOOKED_AT);
    const head = readSync(descriptor, bytes, 0, LOOKED_AT, 0);
    const from = Math.max(head, stat.size - LOOKED_AT);
    const tail = readSync(descriptor, bytes, head, LOOKED_AT, from);
    return looksSigned(bytes.toString("latin1", 0, head + tail));
  } catch {
    return false;
  } finally {
    closeSync(descriptor);
  }
}

/**
 * What Galgo makes of a model is signed by nobody, and must not stand where the signed one stood.
 * @throws ModelUseError BAD_OPTION
 */
export function refuseReplacing(output: string): void {
  if (output === "-" || !isSignedFile(output)) return;
  throw new ModelUseError(
    "BAD_OPTION",
    `${quote(output)} is signed, and what would replace it is not: write it to another place with -o FILE, then sign that (galgo sign)`,
  );
}
