// SPDX-License-Identifier: Apache-2.0
// All cryptography that a verifier needs, by Node.
import type { VerifyCrypto } from "../attest/verify/index.ts";
import { nodeCcCrypto } from "./cc-crypto.ts";
import { nodeVerifier } from "./node-verifier.ts";
import { nodeTpmCrypto } from "./tpm/index.ts";

/** @param hasher `nodeHasher` of the stage `tma`, which is above this one */
export function nodeVerifyCrypto(hasher: VerifyCrypto["hasher"]): VerifyCrypto {
  return { verifier: nodeVerifier, hasher, tpm: nodeTpmCrypto, cc: nodeCcCrypto };
}
