// SPDX-License-Identifier: Apache-2.0
// The verifier's cryptography by Node, for tests of code that must not know where it comes from.
import type { VerifyCrypto } from "../../src/attest/verify/index.ts";
import { nodeVerifyCrypto } from "../../src/quote/verify-crypto.ts";
import { nodeHasher } from "../../src/tma/index.ts";

export const verifyCrypto: VerifyCrypto = nodeVerifyCrypto(nodeHasher);
