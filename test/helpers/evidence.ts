// SPDX-License-Identifier: Apache-2.0
// Evidence as examples, and keys of node:crypto that sign and verify tokens.
import type { KeyObject } from "node:crypto";
import { generateKeyPairSync, sign, verify } from "node:crypto";
import type {
  Evidence,
  PlatformEvidence,
  TokenAlgorithm,
  TokenKey,
  TokenKeys,
  TokenSigner,
  TpmEvidence,
} from "../../src/attest/evidence/index.ts";

export const NO_PLATFORM: PlatformEvidence = { kind: "none", why: "this machine has no TPM" };

export const TPM: TpmEvidence = {
  kind: "tpm",
  attest: Uint8Array.from([0xff, 0x54, 0x43, 0x47]),
  signature: Uint8Array.from([0, 0x18, 0, 0x0b]),
  akPublic: Uint8Array.from([0, 0x23]),
  bank: "sha256",
  pcrs: [
    { index: 0, value: "a0".repeat(32) },
    { index: 11, value: "ab".repeat(32) },
  ],
  start: "00".repeat(32),
  extended: 40,
  ima: Uint8Array.from([10, 0, 0, 0]),
};

export const SNP: PlatformEvidence = {
  kind: "snp",
  report: new Uint8Array(1_184).fill(2),
  auxiliary: Uint8Array.from([1, 2, 3]),
};

/** With every member that is optional. */
export function anEvidence(changes: Partial<Evidence> = {}): Evidence {
  return {
    nonce: "00112233445566778899aabbccddeeff",
    issuedAt: 1_790_000_000,
    workload: {
      name: "web",
      id: "20260921T131313-web-1",
      image: `sha256:${"1f".repeat(32)}`,
    },
    model: { name: "web", digest: "2e".repeat(32), signedBy: ["8f".repeat(32)] },
    rules: { mapping: "tsem-v4", digest: "sha256", profile: "stable" },
    state: "3d".repeat(32),
    measurement: "4c".repeat(32),
    aggregate: "00".repeat(32),
    base: "5b".repeat(32),
    counts: { events: 120_345, points: 41, lost: 0, violations: 1, refused: 2 },
    mode: "enforce",
    sealed: true,
    fidelity: {
      sensor: "seccomp",
      sees: ["file_open", "socket_connect"],
      holds: ["file_open"],
      absent: ["*.digest"],
      features: [],
    },
    floor: { kind: "landlock", unseen: 7, state: "6a".repeat(32) },
    orchestrator: { version: "0.1.0", buildDigest: "79".repeat(32) },
    started: 1_789_990_000,
    platform: TPM,
    ...changes,
  };
}

export interface TestKey {
  readonly signer: TokenSigner;
  readonly key: TokenKey;
  /** Trusts this key alone. */
  readonly keys: TokenKeys;
}

const CURVES = { ES256: "P-256", ES384: "P-384" } as const;
const HASHES = { ES256: "sha256", ES384: "sha384", EdDSA: null } as const;

/** A new key. */
export function aTokenKey(alg: TokenAlgorithm = "ES256", kid = "key-1"): TestKey {
  const pair =
    alg === "EdDSA"
      ? generateKeyPairSync("ed25519")
      : generateKeyPairSync("ec", { namedCurve: CURVES[alg] });
  const key = tokenKey(alg, pair.publicKey);
  const how = { key: pair.privateKey, dsaEncoding: "ieee-p1363" } as const;
  return {
    signer: { alg, kid, sign: (data) => Uint8Array.from(sign(HASHES[alg], data, how)) },
    key,
    keys: { find: (asked) => (asked === kid ? key : undefined) },
  };
}

export function tokenKey(alg: TokenAlgorithm, publicKey: KeyObject): TokenKey {
  const how = { key: publicKey, dsaEncoding: "ieee-p1363" } as const;
  return { alg, verify: (data, signature) => verify(HASHES[alg], data, how, signature) };
}
