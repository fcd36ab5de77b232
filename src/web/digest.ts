// SPDX-License-Identifier: Apache-2.0
// The digests of a namespace in a page. WebCrypto answers later and knows no SHA-3; mapping wants its digests at once.
import { sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import { sha3_256 } from "@noble/hashes/sha3.js";
import { bytesToHex } from "../base/hex.ts";
import { DIGEST_SIZES, type DigestName, type Hasher } from "../model/runtime/index.ts";

const DIGESTS: Readonly<Record<DigestName, (bytes: Uint8Array) => Uint8Array>> = {
  sha256,
  sha384,
  sha512,
  "sha3-256": sha3_256,
};

/** A hasher that works wherever JavaScript does. */
export function webHasher(name: DigestName): Hasher {
  const digest = DIGESTS[name];
  return { name, size: DIGEST_SIZES[name], hex: (bytes) => bytesToHex(digest(bytes)) };
}
