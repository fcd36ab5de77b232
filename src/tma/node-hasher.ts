// SPDX-License-Identifier: Apache-2.0
// The digests of node:crypto as the core wants them.
import { hash } from "node:crypto";
import { DIGEST_SIZES } from "../model/runtime/index.ts";
import type { DigestName, Hasher } from "../model/runtime/index.ts";

/** crypto.hash() takes 0.7 us for a short message, a Hash object 1.6 us (Node 20.20). */
export function nodeHasher(name: DigestName): Hasher {
  return { name, size: DIGEST_SIZES[name], hex: (bytes) => hash(name, bytes, "hex"), key };
}

/** Latin1, one character a byte. */
function key(bytes: Uint8Array): string {
  return Buffer.prototype.latin1Slice.call(bytes, 0, bytes.length);
}
