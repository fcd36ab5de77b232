// SPDX-License-Identifier: Apache-2.0
// Registers of this machine's TPM as the kernel shows them, without a quote: to look at one's own machine. No verifier believes them.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { aggregatePcrs } from "../attest/ima/aggregate.ts";
import { IMA_BANK_SIZES, IMA_PCR, type ImaBank } from "../attest/ima/types.ts";
import { hexToBytes } from "../base/hex.ts";

/** Where the kernel shows the first TPM. */
export const TPM_FOLDER = "/sys/class/tpm/tpm0";

/**
 * Values of what a list is judged by: PCR 10 and those under boot_aggregate. Undefined: the TPM has no such bank, or there is none.
 * @param folder another place for tests
 */
export function shownRegisters(
  bank: ImaBank,
  folder: string = TPM_FOLDER,
): ReadonlyMap<number, Uint8Array> | undefined {
  const values = join(folder, `pcr-${bank}`);
  if (!existsSync(values)) return undefined;
  const found = new Map<number, Uint8Array>();
  for (const number of [...aggregatePcrs(bank), IMA_PCR]) {
    const text = readFileSync(join(values, String(number)), "utf8")
      .trim()
      .toLowerCase();
    if (/^[0-9a-f]*$/.test(text) && text.length === 2 * IMA_BANK_SIZES[bank])
      found.set(number, hexToBytes(text));
  }
  return found;
}
