// SPDX-License-Identifier: Apache-2.0
// What a response code means: TCG Library, part 2, TPM_RC. Two formats, told apart by bit 7.
import { ADVICE, FORMAT_ONE, VERSION_1, WARNINGS } from "./response-names-table.ts";

/** A response code in words. */
export interface ResponseWords {
  readonly name: string;
  /** Which parameter, handle or session it is about, counted from 1. */
  readonly where: string | undefined;
  /** What to do, where something can be done. */
  readonly advice: string | undefined;
}

const FORMAT_ONE_BIT = 0x80;
const PARAMETER_BIT = 0x40;
const SESSION_BIT = 0x800;
const VERSION_BIT = 0x100;
const VENDOR_BIT = 0x400;
const WARNING_BIT = 0x800;
/** Layers of software below us (the resource manager) put their number above the code. */
const LAYER_SHIFT = 16;

export function describeResponse(code: number): ResponseWords {
  const layer = code >>> LAYER_SHIFT;
  const low = code & 0xffff;
  const { name, where } = (low & FORMAT_ONE_BIT) === 0 ? formatZero(low) : formatOne(low);
  const shown = layer === 0 ? name : `${name} of layer ${layer}`;
  return { name: shown, where, advice: ADVICE.get(name) };
}

function formatZero(code: number): { name: string; where: undefined } {
  const number = code & 0x7f;
  const plain = (names: ReadonlyMap<number, string>, kind: string): string =>
    names.get(number) ?? `${kind} 0x${number.toString(16)}`;
  if ((code & VERSION_BIT) === 0)
    return { name: `TPM 1.2 code 0x${code.toString(16)}`, where: undefined };
  if ((code & VENDOR_BIT) !== 0)
    return { name: `vendor code 0x${code.toString(16)}`, where: undefined };
  const name = (code & WARNING_BIT) === 0 ? plain(VERSION_1, "error") : plain(WARNINGS, "warning");
  return { name, where: undefined };
}

function formatOne(code: number): { name: string; where: string | undefined } {
  const number = code & 0x3f;
  const name = FORMAT_ONE.get(number) ?? `error 0x${number.toString(16)}`;
  const index = (code >> 8) & 0xf;
  if ((code & PARAMETER_BIT) !== 0)
    return { name, where: index === 0 ? undefined : `parameter ${index}` };
  const kind = (code & SESSION_BIT) === 0 ? "handle" : "session";
  const count = index & 0x7;
  return { name, where: count === 0 ? undefined : `${kind} ${count}` };
}
