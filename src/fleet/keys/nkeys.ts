// SPDX-License-Identifier: Apache-2.0
// Key pairs of the bus on node:crypto, and the tokens (JWT) that they sign for its servers.
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import {
  base32,
  bytesOfPublicNkey,
  bytesOfSeedNkey,
  type NkeyKind,
  publicNkey,
  seedNkey,
} from "../../wire/link/index.ts";

/** What stands before the 32 bytes of a private Ed25519 key in PKCS #8, and of a public one in SPKI (RFC 8410). */
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");
const SPKI = Buffer.from("302a300506032b6570032100", "hex");

export interface BusKey {
  /** O..., A... or U... */
  readonly publicText: string;
  /** S...: a secret. */
  readonly seed: string;
  sign(data: Uint8Array): Uint8Array;
}

export function newBusKey(kind: NkeyKind): BusKey {
  const der = generateKeyPairSync("ed25519").privateKey.export({ format: "der", type: "pkcs8" });
  return busKey(kind, der.subarray(PKCS8.length));
}

/** @throws LinkError BAD_MESSAGE: no seed of this kind */
export function busKeyOfSeed(kind: NkeyKind, seed: string): BusKey {
  return busKey(kind, bytesOfSeedNkey(kind, seed.trim()));
}

function busKey(kind: NkeyKind, bytes: Uint8Array): BusKey {
  const key = createPrivateKey({
    key: Buffer.concat([PKCS8, bytes]),
    format: "der",
    type: "pkcs8",
  });
  const raw = createPublicKey(key).export({ format: "der", type: "spki" }).subarray(SPKI.length);
  return {
    publicText: publicNkey(kind, raw),
    seed: seedNkey(kind, bytes),
    sign: (data) => sign(null, data, key),
  };
}

/** Whether the user key `publicText` has signed `data`. @throws LinkError BAD_MESSAGE: no such key */
export function isSignedByUser(
  publicText: string,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  const raw = bytesOfPublicNkey("user", publicText);
  const key: KeyObject = createPublicKey({
    key: Buffer.concat([SPKI, raw]),
    format: "der",
    type: "spki",
  });
  return verify(null, data, key, signature);
}

/** What a token of the bus says; times in seconds since 1970. */
export interface BusClaims {
  readonly name: string;
  /** Whose it is. */
  readonly subject: string;
  readonly issued: number;
  readonly expires?: number;
  /** The member "nats", without its version. */
  readonly nats: Readonly<Record<string, unknown>>;
}

const HEADER = Buffer.from('{"typ":"JWT","alg":"ed25519-nkey"}').toString("base64url");

/** A token as servers of the bus read it (github.com/nats-io/jwt, version 2). */
export function busToken(
  { name, subject, issued, expires, nats }: BusClaims,
  issuer: BusKey,
): string {
  const claims = {
    iat: issued,
    iss: issuer.publicText,
    name,
    sub: subject,
    ...(expires !== undefined && { exp: expires }),
    nats: { ...nats, version: 2 },
  };
  const jti = base32(createHash("sha256").update(JSON.stringify(claims)).digest());
  const body = Buffer.from(JSON.stringify({ jti, ...claims })).toString("base64url");
  const text = `${HEADER}.${body}`;
  return `${text}.${Buffer.from(issuer.sign(Buffer.from(text))).toString("base64url")}`;
}
