// SPDX-License-Identifier: Apache-2.0
// boot_aggregate, the first entry of a list: what ties the list to how the machine was booted.
import { bytesToHex } from "../../base/hex.ts";
import { same } from "./replay.ts";
import { IMA_BANK_SIZES, IMA_BANKS, type ImaBank, type ImaDigest, type ImaEntry } from "./types.ts";

/** Name of the first entry. */
export const BOOT_AGGREGATE = "boot_aggregate";

/** Registers under the aggregate: 0 to 7 for SHA-1, 0 to 9 for the others. Source: ima_calc_boot_aggregate_tfm of the kernel. */
export function aggregatePcrs(bank: ImaBank): readonly number[] {
  return Array.from({ length: bank === "sha1" ? 8 : 10 }, (_, pcr) => pcr);
}

/** Digest over the registers one after another. Undefined when one is missing or of another size than the bank's. */
export function bootAggregate(
  bank: ImaBank,
  pcrs: ReadonlyMap<number, Uint8Array>,
  digest: ImaDigest,
): Uint8Array | undefined {
  const size = IMA_BANK_SIZES[bank];
  const numbers = aggregatePcrs(bank);
  const all = new Uint8Array(size * numbers.length);
  for (const number of numbers) {
    const value = pcrs.get(number);
    if (value?.length !== size) return undefined;
    all.set(value, number * size);
  }
  return digest(bank, all);
}

/**
 * What the list's first entry says of the boot. `bound`: it is the aggregate of these registers. `no-tpm`: zeros, the kernel had no
 * TPM when it made the list. `unknown`: registers of its bank were not given.
 */
export type BootVerdict =
  | { readonly verdict: "bound"; readonly bank: ImaBank }
  | { readonly verdict: "no-tpm" | "unknown" | "missing" | "differs"; readonly why: string };

/**
 * Compares the first entry with the registers of its bank.
 * @param registers values by bank, then by number, as quoted.
 */
export function checkBootAggregate(
  entries: readonly ImaEntry[],
  registers: ReadonlyMap<ImaBank, ReadonlyMap<number, Uint8Array>>,
  digest: ImaDigest,
): BootVerdict {
  const first = entries[0];
  if (first?.path !== BOOT_AGGREGATE || first.file === undefined || first.violation) {
    return { verdict: "missing", why: `the list does not begin with ${BOOT_AGGREGATE}` };
  }
  const told = first.file;
  if (told.digest.every((byte) => byte === 0)) {
    return { verdict: "no-tpm", why: `${BOOT_AGGREGATE} is zero: the kernel found no TPM at boot` };
  }
  const bank = IMA_BANKS.find((name) => name === told.algorithm);
  const pcrs = bank && registers.get(bank);
  const expected = bank && pcrs && bootAggregate(bank, pcrs, digest);
  if (bank === undefined || expected === undefined) {
    return {
      verdict: "unknown",
      why: `${BOOT_AGGREGATE} is of the bank ${told.algorithm}, of which not all registers are known`,
    };
  }
  if (same(expected, told.digest)) return { verdict: "bound", bank };
  return {
    verdict: "differs",
    why: `${BOOT_AGGREGATE} is ${bytesToHex(told.digest)}, the registers make ${bytesToHex(expected)}`,
  };
}
