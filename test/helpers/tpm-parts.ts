// SPDX-License-Identifier: Apache-2.0
// Node's cryptography and the templates of keys, for tests of code that must not know where they come from.
export { nodeTpmCrypto } from "../../src/quote/tpm/node-crypto.ts";
export { attestationTemplate, endorsementTemplate } from "../../src/quote/tpm/templates.ts";
