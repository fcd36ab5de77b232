// SPDX-License-Identifier: Apache-2.0
// PCRs: which are selected, what their values are together, and what a value must be after a list of extensions.
import type { TpmHash } from "./algorithms-table.ts";
import { ALG, HASH_SIZES, hashOf } from "./algorithms-table.ts";
import type { TpmCrypto } from "./crypto.ts";
import { TpmFormatError } from "./errors.ts";
import { MAX_SELECT_BYTES, MAX_SELECTIONS, PCR_COUNT } from "./limits.ts";
import type { TpmReader } from "./wire.ts";
import { concat, TpmWriter } from "./wire.ts";

/** The PCRs whose digest, under the namespace's hash, is the platform's aggregate: firmware and its configuration. */
export const AGGREGATE_PCRS: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 7];
/** The PCR that coefficients are extended into, unless said otherwise; TSEM kernels use the same. */
export const COEFFICIENT_PCR = 11;

/** Values of PCRs of one bank. */
export interface PcrBank {
  readonly hash: TpmHash;
  readonly values: ReadonlyMap<number, Uint8Array>;
}

/** PCRs of one bank, ascending. */
export interface PcrSelection {
  readonly hash: TpmHash;
  readonly pcrs: readonly number[];
}

/** Bytes of a TPML_PCR_SELECTION. Throws `TpmFormatError` for a PCR that there is none of. */
export function encodeSelection({ hash, pcrs }: PcrSelection): Uint8Array {
  const bits = new Uint8Array(PCR_COUNT / 8);
  for (const pcr of pcrs) {
    if (!Number.isInteger(pcr) || pcr < 0 || pcr >= PCR_COUNT)
      throw new TpmFormatError("BAD_VALUE", `there is no PCR ${pcr}; use 0 to ${PCR_COUNT - 1}`);
    bits[pcr >> 3] = (bits[pcr >> 3] ?? 0) | (1 << (pcr & 7));
  }
  return new TpmWriter().u32(1).u16(ALG[hash]).u8(bits.length).raw(bits).bytes();
}

/** Reads a TPML_PCR_SELECTION. Banks of which nothing is selected are left out. */
export function readSelections(reader: TpmReader): readonly PcrSelection[] {
  const count = reader.u32("number of PCR banks");
  if (count > MAX_SELECTIONS)
    throw reader.bad("number of PCR banks", `is ${count}, above ${MAX_SELECTIONS}`);
  const selections: PcrSelection[] = [];
  for (let i = 0; i < count; i++) {
    const algorithm = reader.u16("PCR bank");
    const size = reader.u8("PCR bitmap");
    if (size > MAX_SELECT_BYTES)
      throw reader.bad("PCR bitmap", `has ${size} bytes, above ${MAX_SELECT_BYTES}`);
    const pcrs = bitsOf(reader.raw(size, "PCR bitmap"));
    if (pcrs.length > 0) selections.push({ hash: hashOf(algorithm, "a PCR bank"), pcrs });
  }
  return selections;
}

function bitsOf(bitmap: Uint8Array): readonly number[] {
  const set: number[] = [];
  for (let pcr = 0; pcr < bitmap.length * 8; pcr++)
    if (((bitmap[pcr >> 3] ?? 0) & (1 << (pcr & 7))) !== 0) set.push(pcr);
  return set;
}

/** The PCRs of `bank` in the order in which a TPM digests them. */
export function pcrsOf(bank: PcrBank): readonly number[] {
  return [...bank.values.keys()].sort((a, b) => a - b);
}

/** The digest of PCR values that a quote carries: all of `bank` in ascending order, under the hash of the signature. */
export function pcrDigest(bank: PcrBank, hash: TpmHash, crypto: TpmCrypto): Uint8Array {
  return crypto.digest(hash, ...pcrsOf(bank).map((pcr) => claimedValue(bank, pcr)));
}

/**
 * The platform's aggregate as TSEM kernels compute it: the digest, under the namespace's hash, of PCR 0 to 7 one after the other.
 * Throws `TpmFormatError` when one of them is missing.
 */
export function aggregateOf(bank: PcrBank, hash: TpmHash, crypto: TpmCrypto): Uint8Array {
  return crypto.digest(hash, aggregateInput(bank));
}

/** What the aggregate is the digest of, for digests that TPMs do not have. Throws as `aggregateOf`. */
export function aggregateInput(bank: PcrBank): Uint8Array {
  return concat(AGGREGATE_PCRS.map((pcr) => claimedValue(bank, pcr)));
}

function claimedValue({ hash, values }: PcrBank, pcr: number): Uint8Array {
  const value = values.get(pcr);
  if (value === undefined)
    throw new TpmFormatError("BAD_VALUE", `the value of PCR ${pcr} of bank ${hash} is missing`);
  if (value.length !== HASH_SIZES[hash])
    throw new TpmFormatError(
      "BAD_VALUE",
      `the value of PCR ${pcr} has ${value.length} bytes, bank ${hash} has ${HASH_SIZES[hash]}`,
    );
  return value;
}

/** What is extended into a bank for a digest of another length: cut, or filled with zeros at its end, as TSEM kernels do it. */
export function fitToBank(digest: Uint8Array, hash: TpmHash): Uint8Array {
  const size = HASH_SIZES[hash];
  if (digest.length === size) return digest;
  return concat([digest.subarray(0, size), new Uint8Array(Math.max(0, size - digest.length))]);
}

/** The value of a PCR of `start` (zeros) after `digests` were extended into it in this order. */
export function replayPcr(
  hash: TpmHash,
  digests: Iterable<Uint8Array>,
  crypto: TpmCrypto,
  start: Uint8Array = new Uint8Array(HASH_SIZES[hash]),
): Uint8Array {
  if (start.length !== HASH_SIZES[hash])
    throw new TpmFormatError(
      "BAD_VALUE",
      `a PCR of bank ${hash} has ${HASH_SIZES[hash]} bytes, the value to start from has ${start.length}`,
    );
  let value = start;
  for (const digest of digests) value = crypto.digest(hash, value, fitToBank(digest, hash));
  return value;
}
