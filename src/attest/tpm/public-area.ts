// SPDX-License-Identifier: Apache-2.0
// TPMT_PUBLIC: the public part of a key in a TPM, and its name, which is what a TPM knows it by.
import type { TpmHash, TpmCurve } from "./algorithms-table.ts";
import { ALG, ATTRIBUTE, CURVES, hashOf } from "./algorithms-table.ts";
import type { TpmCrypto, TpmKey, TpmScheme } from "./crypto.ts";
import { TpmFormatError } from "./errors.ts";
import { MAX_RSA_BITS } from "./limits.ts";
import { TpmReader, TpmWriter } from "./wire.ts";

const WHAT = "TPMT_PUBLIC";
const DEFAULT_EXPONENT = 65537;

/** What a public area says. */
export interface TpmPublic {
  /** The bytes it was read from, without a length before them. */
  readonly bytes: Uint8Array;
  readonly nameHash: TpmHash;
  readonly attributes: number;
  readonly authPolicy: Uint8Array;
  /** Bits of AES-CFB with which a storage key protects; undefined for others. */
  readonly symmetricBits: number | undefined;
  /** What the key is tied to; undefined when each use says it. */
  readonly signing: { readonly scheme: TpmScheme; readonly hash: TpmHash } | undefined;
  readonly key: TpmKey;
}

/**
 * Reads a TPMT_PUBLIC (the inside of a TPM2B_PUBLIC). Only RSA and ECC keys.
 * Throws `TpmFormatError`, naming the part that is wrong.
 */
export function parsePublic(bytes: Uint8Array): TpmPublic {
  const reader = new TpmReader(bytes, WHAT);
  const type = reader.u16("type");
  if (type !== ALG.rsa && type !== ALG.ecc)
    throw new TpmFormatError(
      "WRONG_KIND",
      `${WHAT} is of type 0x${type.toString(16)}, neither an RSA nor an ECC key`,
    );
  const nameHash = hashOf(reader.u16("name algorithm"), "the name");
  const attributes = reader.u32("attributes");
  const authPolicy = reader.sized("policy");
  const symmetricBits = symmetric(reader);
  const signing = scheme(reader);
  const key = type === ALG.rsa ? rsaKey(reader) : eccKey(reader);
  reader.end();
  return { bytes: bytes.slice(), nameHash, attributes, authPolicy, symmetricBits, signing, key };
}

function symmetric(reader: TpmReader): number | undefined {
  const algorithm = reader.u16("symmetric algorithm");
  if (algorithm === ALG.null) return undefined;
  const bits = reader.u16("symmetric key size");
  const mode = reader.u16("symmetric mode");
  if (algorithm !== ALG.aes || mode !== ALG.cfb || (bits !== 128 && bits !== 192 && bits !== 256))
    throw reader.bad("symmetric algorithm", "is not AES in CFB mode, the only one known here");
  return bits;
}

const SIGNING: ReadonlyMap<number, TpmScheme> = new Map([
  [ALG.rsassa, "rsassa"],
  [ALG.rsapss, "rsapss"],
  [ALG.ecdsa, "ecdsa"],
]);

function scheme(reader: TpmReader): TpmPublic["signing"] {
  const id = reader.u16("scheme");
  if (id === ALG.null || id === ALG.rsaes) return undefined;
  const hash = reader.u16("scheme's hash");
  if (id === ALG.ecdaa) reader.u16("scheme's count");
  const name = SIGNING.get(id);
  return name === undefined
    ? undefined
    : { scheme: name, hash: hashOf(hash, "the scheme of a key") };
}

function rsaKey(reader: TpmReader): TpmKey {
  const bits = reader.u16("key size");
  const exponent = reader.u32("exponent") || DEFAULT_EXPONENT;
  const modulus = reader.sized("modulus");
  if (bits % 8 !== 0 || bits > MAX_RSA_BITS || modulus.length !== bits / 8)
    throw reader.bad("modulus", `of ${modulus.length} bytes does not fit a key of ${bits} bits`);
  if (((modulus[0] ?? 0) & 0x80) === 0) throw reader.bad("modulus", "is shorter than it says");
  if (exponent < 3 || exponent % 2 === 0) throw reader.bad("exponent", "is not one of RSA");
  return { kind: "rsa", bits, modulus, exponent };
}

function eccKey(reader: TpmReader): TpmKey {
  const id = reader.u16("curve");
  const found = CURVES.get(id);
  if (found === undefined)
    throw new TpmFormatError(
      "UNKNOWN_ALGORITHM",
      `${WHAT} is on the curve 0x${id.toString(16)}, which is not known here`,
    );
  if (reader.u16("key derivation") !== ALG.null) reader.u16("key derivation's hash");
  const x = leftPadded(reader.sized("x"), found.size, reader);
  const y = leftPadded(reader.sized("y"), found.size, reader);
  return { kind: "ecc", curve: found.curve, x, y };
}

function leftPadded(number: Uint8Array, size: number, reader: TpmReader): Uint8Array {
  if (number.length === 0 || number.length > size)
    throw reader.bad("coordinate", `has ${number.length} bytes, the curve has ${size}`);
  const padded = new Uint8Array(size);
  padded.set(number, size - number.length);
  return padded;
}

/** The name of a key: algorithm, then the digest of its public area (TCG Library, part 1, Names). */
export function nameOf(area: TpmPublic, crypto: TpmCrypto): Uint8Array {
  return new TpmWriter()
    .u16(ALG[area.nameHash])
    .raw(crypto.digest(area.nameHash, area.bytes))
    .bytes();
}

/** The qualified name of a primary key: which hierarchy it is of is part of it. A quote carries that of its signer. */
export function qualifiedNameOf(area: TpmPublic, hierarchy: number, crypto: TpmCrypto): Uint8Array {
  const parent = new TpmWriter().u32(hierarchy).bytes();
  const digest = crypto.digest(area.nameHash, parent, nameOf(area, crypto));
  return new TpmWriter().u16(ALG[area.nameHash]).raw(digest).bytes();
}

/** A key that can sign only what its TPM has made, and can not leave it. */
export function isAttestationKey({ attributes }: TpmPublic): boolean {
  const needed =
    ATTRIBUTE.fixedTpm | ATTRIBUTE.sensitiveDataOrigin | ATTRIBUTE.restricted | ATTRIBUTE.sign;
  return (attributes & (needed | ATTRIBUTE.decrypt)) === needed;
}

/** A key that can only unwrap what is meant for its TPM, and can not leave it: an endorsement key is one. */
export function isEndorsementKey(area: TpmPublic): boolean {
  const needed =
    ATTRIBUTE.fixedTpm | ATTRIBUTE.sensitiveDataOrigin | ATTRIBUTE.restricted | ATTRIBUTE.decrypt;
  return (
    (area.attributes & (needed | ATTRIBUTE.sign)) === needed && area.symmetricBits !== undefined
  );
}

/** Bytes of a coordinate of `curve`. */
export function coordinateSize(curve: TpmCurve): number {
  for (const found of CURVES.values()) if (found.curve === curve) return found.size;
  return 0;
}
