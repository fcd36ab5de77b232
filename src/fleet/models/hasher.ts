// SPDX-License-Identifier: Apache-2.0
// The digests of node:crypto as models want them.
import { hash } from "node:crypto";
import { DIGEST_SIZES, type DigestName, type Hasher } from "../../model/index.ts";

export function fleetHasher(name: DigestName): Hasher {
  return { name, size: DIGEST_SIZES[name], hex: (bytes) => hash(name, bytes, "hex") };
}
