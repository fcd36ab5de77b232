// SPDX-License-Identifier: Apache-2.0
// What a list makes of its register, for each bank, and how much of a list a register's value vouches for.
import { bytesToHex } from "../../base/hex.ts";
import { ImaError } from "./errors.ts";
import {
  IMA_BANK_SIZES,
  IMA_PCR,
  type ImaBank,
  type ImaDigest,
  type ImaEntry,
  type ImaList,
} from "./types.ts";

/**
 * How the kernel extends a bank other than SHA-1: with the digest of that bank over the template data (Linux 5.8 and newer), or
 * with the SHA-1 digest followed by zeros (older kernels, and banks whose algorithm the kernel did not have).
 */
export type ImaExtension = "own" | "padded-sha1";

export interface ReplayOptions {
  readonly bank: ImaBank;
  readonly digest: ImaDigest;
  readonly extension?: ImaExtension;
  /** Register; entries of others are passed over. */
  readonly pcr?: number;
}

/** Entries of a list whose template digest is not that of their data. */
export interface ImaFault {
  readonly number: number;
  readonly message: string;
}

/** How much of a list belongs to a register's value. */
export type ImaMatch =
  | {
      readonly matched: true;
      /** The first so many entries are vouched for; those after them are not (they came after the quote, or were added). */
      readonly entries: number;
      readonly extension: ImaExtension;
      readonly violations: number;
    }
  | { readonly matched: false; readonly why: string };

/** Value of the register after the whole list, from zeros. */
export function replayIma(entries: readonly ImaEntry[], options: ReplayOptions): Uint8Array {
  const step = stepper(options);
  let value: Uint8Array = new Uint8Array(IMA_BANK_SIZES[options.bank]);
  for (const entry of entries) value = step(value, entry);
  return value;
}

/** Checks every listed template digest against the entry's own data; violations have none. */
export function imaFaults(list: ImaList, digest: ImaDigest): readonly ImaFault[] {
  return list.entries
    .filter((entry) => !entry.violation && !same(digest(list.bank, entry.hashed), entry.listed))
    .map(({ number }) => ({
      number,
      message: `entry ${number}: its ${list.bank} template digest is not that of its data`,
    }));
}

/**
 * Looks for the shortest beginning of the list that makes the register's value `value`: a list is read after the quote, so it may
 * have more entries than the quote speaks of. Both extensions are tried when none is asked for.
 * Throws `ImaError` when `value` has not the bank's size.
 */
export function matchIma(
  entries: readonly ImaEntry[],
  value: Uint8Array,
  options: ReplayOptions,
): ImaMatch {
  if (value.length !== IMA_BANK_SIZES[options.bank]) {
    throw new ImaError(
      "BAD_VALUE",
      `a ${options.bank} register has ${IMA_BANK_SIZES[options.bank]} bytes, not ${value.length}`,
    );
  }
  for (const extension of extensionsOf(options)) {
    const found = matchOne(entries, value, { ...options, extension });
    if (found !== undefined) return found;
  }
  const pcr = options.pcr ?? IMA_PCR;
  return {
    matched: false,
    why: `no beginning of the ${entries.length} entries makes PCR ${pcr} (${options.bank}) ${bytesToHex(value)}`,
  };
}

function extensionsOf(options: ReplayOptions): readonly ImaExtension[] {
  if (options.extension !== undefined) return [options.extension];
  return options.bank === "sha1" ? ["own"] : ["own", "padded-sha1"];
}

function matchOne(
  entries: readonly ImaEntry[],
  value: Uint8Array,
  options: ReplayOptions & { readonly extension: ImaExtension },
): ImaMatch | undefined {
  const step = stepper(options);
  const pcr = options.pcr ?? IMA_PCR;
  let reached: Uint8Array = new Uint8Array(value.length);
  let violations = 0;
  if (same(reached, value)) {
    return { matched: true, entries: 0, extension: options.extension, violations };
  }
  for (const [i, entry] of entries.entries()) {
    if (entry.pcr !== pcr) continue;
    reached = step(reached, entry);
    if (entry.violation) violations++;
    if (same(reached, value)) {
      return { matched: true, entries: i + 1, extension: options.extension, violations };
    }
  }
  return undefined;
}

function stepper(options: ReplayOptions): (value: Uint8Array, entry: ImaEntry) => Uint8Array {
  const { bank, digest, extension = "own", pcr = IMA_PCR } = options;
  const size = IMA_BANK_SIZES[bank];
  const both = new Uint8Array(size * 2);
  return (value, entry) => {
    if (entry.pcr !== pcr) return value;
    both.set(value);
    both.fill(0, size);
    if (entry.violation) both.fill(0xff, size);
    else both.set(digest(extension === "own" ? bank : "sha1", entry.hashed), size);
    return digest(bank, both);
  };
}

/** True for equal bytes. */
export function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
