// SPDX-License-Identifier: Apache-2.0
// The cryptography of the checks and of credentials, by Node.
import {
  constants,
  createCipheriv,
  createECDH,
  createHash,
  createHmac,
  createPublicKey,
  publicEncrypt,
  randomBytes,
  verify,
} from "node:crypto";
import type { KeyObject } from "node:crypto";
import type {
  CredentialCrypto,
  SignatureCheck,
  TpmCurve,
  TpmEccKey,
  TpmHash,
  TpmKey,
} from "../../attest/tpm/index.ts";
import { jwkOf } from "../../attest/tpm/index.ts";

const NODE_CURVES: Readonly<Record<TpmCurve, string>> = {
  "P-256": "prime256v1",
  "P-384": "secp384r1",
  "P-521": "secp521r1",
};
const AES_BLOCK_BYTES = 16;
const UNCOMPRESSED = 4;

export const nodeTpmCrypto: CredentialCrypto = {
  digest: (hash, ...parts) => digestOf(hash, parts),
  verify: checkSignature,
  random: (size) => new Uint8Array(randomBytes(size)),
  hmac: (hash, key, ...parts) => {
    const mac = createHmac(hash, key);
    for (const part of parts) mac.update(part);
    return new Uint8Array(mac.digest());
  },
  aesCfb: (key, data) => {
    const cipher = createCipheriv(
      `aes-${key.length * 8}-cfb`,
      key,
      new Uint8Array(AES_BLOCK_BYTES),
    );
    return new Uint8Array(Buffer.concat([cipher.update(data), cipher.final()]));
  },
  oaep: (key, hash, label, data) => {
    const padding = constants.RSA_PKCS1_OAEP_PADDING;
    const options = { key: keyObject(key), padding, oaepHash: hash, oaepLabel: label };
    return new Uint8Array(publicEncrypt(options, data));
  },
  agree,
};

function digestOf(hash: TpmHash, parts: readonly Uint8Array[]): Uint8Array {
  const digest = createHash(hash);
  for (const part of parts) digest.update(part);
  return new Uint8Array(digest.digest());
}

/** The key for Node. Throws when it is none: a point that is not on its curve. */
function keyObject(key: TpmKey): KeyObject {
  return createPublicKey({ key: { ...jwkOf(key) }, format: "jwk" });
}

function checkSignature({ key, scheme, hash, data, signature }: SignatureCheck): boolean {
  const object = keyObject(key);
  if (scheme === "ecdsa")
    return verify(hash, data, { key: object, dsaEncoding: "ieee-p1363" }, signature);
  if (scheme === "rsassa")
    return verify(hash, data, { key: object, padding: constants.RSA_PKCS1_PADDING }, signature);
  const saltLength = constants.RSA_PSS_SALTLEN_AUTO;
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  return verify(hash, data, { key: object, padding, saltLength }, signature);
}

function agree(peer: TpmEccKey): { x: Uint8Array; y: Uint8Array; shared: Uint8Array } {
  const mine = createECDH(NODE_CURVES[peer.curve]);
  const point = Uint8Array.from(mine.generateKeys());
  const size = (point.length - 1) / 2;
  const shared = mine.computeSecret(Uint8Array.of(UNCOMPRESSED, ...peer.x, ...peer.y));
  return {
    x: point.slice(1, 1 + size),
    y: point.slice(1 + size),
    shared: new Uint8Array(shared),
  };
}
