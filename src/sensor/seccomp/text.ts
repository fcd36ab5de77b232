// SPDX-License-Identifier: Apache-2.0
// Strings that were copied from a task, as text.
import { decodePath } from "../../base/path-text.ts";

/** Text of a NUL-terminated copy. */
export function textOf(copy: Buffer): string {
  return decodePath(copy.subarray(0, copy.length - 1));
}
