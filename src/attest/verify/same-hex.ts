// SPDX-License-Identifier: Apache-2.0
// Comparing values that are hex, however their letters are written.

/** True for the same hex digits. What is no hex is equal to nothing. */
export function sameHex(a: string, b: string): boolean {
  return a.length > 0 && /^[0-9a-fA-F]+$/.test(a) && a.toLowerCase() === b.toLowerCase();
}
