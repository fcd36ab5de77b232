// SPDX-License-Identifier: Apache-2.0
// Node's cryptography for vendors' certificates and reports.
import { constants, createHash, createPublicKey, verify } from "node:crypto";
import { CC_HASHES, type CcCrypto, PSS_SALT } from "../attest/cc/crypto.ts";

/** `CcCrypto` over node:crypto. */
export const nodeCcCrypto: CcCrypto = {
  digest: (name, data) => new Uint8Array(createHash(name).update(data).digest()),
  verify: (scheme, spki, data, signature) => {
    const key = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
    if (scheme.startsWith("ecdsa")) {
      if (key.asymmetricKeyType !== "ec") return false;
      return verify(CC_HASHES[scheme], data, { key, dsaEncoding: "ieee-p1363" }, signature);
    }
    if (scheme !== "rsa-pss-sha384") {
      if (key.asymmetricKeyType !== "rsa") return false;
      return verify(
        CC_HASHES[scheme],
        data,
        { key, padding: constants.RSA_PKCS1_PADDING },
        signature,
      );
    }
    if (key.asymmetricKeyType !== "rsa" && key.asymmetricKeyType !== "rsa-pss") return false;
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    return verify(CC_HASHES[scheme], data, { key, padding, saltLength: PSS_SALT }, signature);
  },
};
