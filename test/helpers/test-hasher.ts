// SPDX-License-Identifier: Apache-2.0
// The hasher that tests of the core use.
import { hash } from "node:crypto";
import { DIGEST_SIZES, type DigestName, type Hasher } from "../../src/model/index.ts";

export function testHasher(name: DigestName): Hasher {
  return { name, size: DIGEST_SIZES[name], hex: (bytes) => hash(name, bytes, "hex") };
}

export const SHA256: Hasher = testHasher("sha256");
