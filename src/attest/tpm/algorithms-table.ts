// SPDX-License-Identifier: Apache-2.0
// Numbers of TPM 2.0 (TCG Library, part 2: structures) that Galgo has a use for.
import { TpmFormatError } from "./errors.ts";

/** TPM_ALG_ID */
export const ALG = {
  rsa: 0x0001,
  sha1: 0x0004,
  aes: 0x0006,
  keyedHash: 0x0008,
  sha256: 0x000b,
  sha384: 0x000c,
  sha512: 0x000d,
  null: 0x0010,
  rsassa: 0x0014,
  rsaes: 0x0015,
  rsapss: 0x0016,
  oaep: 0x0017,
  ecdsa: 0x0018,
  ecdaa: 0x001a,
  ecc: 0x0023,
  symCipher: 0x0025,
  cfb: 0x0043,
} as const;

/** Hashes of TPMs that Galgo works with. */
export type TpmHash = "sha1" | "sha256" | "sha384" | "sha512";

/** Bytes of each digest. */
export const HASH_SIZES: Readonly<Record<TpmHash, number>> = {
  sha1: 20,
  sha256: 32,
  sha384: 48,
  sha512: 64,
};

const HASHES: ReadonlyMap<number, TpmHash> = new Map([
  [ALG.sha1, "sha1"],
  [ALG.sha256, "sha256"],
  [ALG.sha384, "sha384"],
  [ALG.sha512, "sha512"],
]);

/** The hash that a TPM calls `id`. Throws `TpmFormatError` for others. */
export function hashOf(id: number, part: string): TpmHash {
  const hash = HASHES.get(id);
  if (hash !== undefined) return hash;
  throw new TpmFormatError(
    "UNKNOWN_ALGORITHM",
    `${part} is of the hash algorithm 0x${id.toString(16)}, which is not known here`,
  );
}

/** TPM_ECC_CURVE, with the bytes of a coordinate. */
export const CURVES: ReadonlyMap<number, { readonly curve: TpmCurve; readonly size: number }> =
  new Map([
    [0x0003, { curve: "P-256", size: 32 }],
    [0x0004, { curve: "P-384", size: 48 }],
    [0x0005, { curve: "P-521", size: 66 }],
  ] as const);

export type TpmCurve = "P-256" | "P-384" | "P-521";

/** TPM_ECC_CURVE of NIST P-256. */
export const CURVE_P256 = 0x0003;

/** Bits of TPMA_OBJECT. */
export const ATTRIBUTE = {
  fixedTpm: 0x00002,
  stClear: 0x00004,
  fixedParent: 0x00010,
  sensitiveDataOrigin: 0x00020,
  userWithAuth: 0x00040,
  adminWithPolicy: 0x00080,
  noDa: 0x00400,
  restricted: 0x10000,
  decrypt: 0x20000,
  sign: 0x40000,
} as const;

/** Permanent handles. */
export const HANDLE = {
  owner: 0x40000001,
  null: 0x40000007,
  password: 0x40000009,
  endorsement: 0x4000000b,
  platform: 0x4000000c,
} as const;

/** TPM_GENERATED_VALUE: a restricted key signs nothing from outside that begins with it. */
export const GENERATED = 0xff544347;
/** TPM_ST_ATTEST_QUOTE */
export const ATTEST_QUOTE = 0x8018;

/** Names of what a TPMS_ATTEST may be about. */
export const ATTEST_NAMES: ReadonlyMap<number, string> = new Map([
  [0x8014, "NV"],
  [0x8015, "COMMAND_AUDIT"],
  [0x8016, "SESSION_AUDIT"],
  [0x8017, "CERTIFY"],
  [ATTEST_QUOTE, "QUOTE"],
  [0x8019, "TIME"],
  [0x801a, "CREATION"],
  [0x801c, "NV_DIGEST"],
]);
