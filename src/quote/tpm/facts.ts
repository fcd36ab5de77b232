// SPDX-License-Identifier: Apache-2.0
// What a TPM says it is: TCG Library, part 2, TPM_PT. Nobody vouches for that; the maker's certificate does.
import { TpmWriter } from "../../attest/tpm/index.ts";
import type { Tpm } from "./tpm.ts";

/** Text as the TPM gives it: to be quoted before it is shown. */
export interface TpmFacts {
  /** Four letters, registered with the TCG. */
  readonly manufacturer: string;
  /** The maker's words. */
  readonly model: string;
  /** Two numbers, whose meaning is the maker's. */
  readonly firmware: string;
}

const CAP_TPM_PROPERTIES = 6;
const MANUFACTURER = 0x105;
const VENDOR_TEXT = [0x106, 0x107, 0x108, 0x109];
const FIRMWARE = [0x10b, 0x10c];
const WANTED = 8;

/** Errors: those of `Tpm.give`. */
export async function tpmFacts(tpm: Tpm): Promise<TpmFacts> {
  const parameters = new TpmWriter().u32(CAP_TPM_PROPERTIES).u32(MANUFACTURER).u32(WANTED).bytes();
  const { parameters: said } = await tpm.give({ name: "GetCapability", parameters });
  said.u8("whether there is more");
  said.u32("capability");
  const found = new Map<number, number>();
  for (let left = said.u32("number of properties"); left > 0; left--)
    found.set(said.u32("property"), said.u32("its value"));
  const textOf = (ids: readonly number[]): string =>
    ids
      .map((id) => letters(found.get(id) ?? 0))
      .join("")
      .trim();
  return {
    manufacturer: textOf([MANUFACTURER]),
    model: textOf(VENDOR_TEXT),
    firmware: FIRMWARE.map((id) => (found.get(id) ?? 0).toString(16).padStart(8, "0")).join("."),
  };
}

/** Four letters in a number; zeros are none. */
function letters(value: number): string {
  return [24, 16, 8, 0]
    .map((shift) => (value >>> shift) & 0xff)
    .filter((byte) => byte !== 0)
    .map((byte) => String.fromCharCode(byte))
    .join("");
}
