// SPDX-License-Identifier: Apache-2.0
// Conditions on arguments of system calls as filters outside of Galgo take them: one comparison for each argument, and alternatives
// only as further rules. What Galgo's filter does not look at is put into that form.
import type { When } from "../../sensor/seccomp/index.ts";

/** The low 32 bits of an argument, of which `mask` counts; without a mask all 64 bits are compared with `value`. */
export interface Condition {
  readonly arg: number;
  readonly mask?: number;
  readonly value: number;
}

/** All of them have to hold. */
export type Conditions = readonly Condition[];

const WORD = 32;
const ALL = 0xffffffff;

/** The low 32 bits of an argument are `value`. */
export function equals(arg: number, value: number): Condition {
  return { arg, mask: ALL, value: value >>> 0 };
}

export function masked(arg: number, mask: number, value: number): Condition {
  return { arg, mask: mask >>> 0, value: (value & mask) >>> 0 };
}

/** The calls that a test of Galgo's filter does not hold, as alternatives. */
export function notHeld(when: When): readonly Condition[] {
  const { arg } = when;
  if ("orBit" in when) {
    return [
      masked(arg, when.anyBit | when.orBit, 0),
      masked(arg, when.anyBit | when.unlessBit, when.unlessBit),
    ];
  }
  if ("anyBit" in when) return [masked(arg, when.anyBit, 0)];
  if ("noBit" in when) return bitsOf(when.noBit).map((bit) => masked(arg, bit, bit));
  if ("pointer" in when) return [{ arg, value: 0 }];
  return others(when.oneOf).map(({ mask, value }) => ({ arg, mask, value }));
}

function bitsOf(mask: number): number[] {
  return Array.from({ length: WORD }, (_, bit) => (1 << bit) >>> 0).filter(
    (bit) => (mask & bit) !== 0,
  );
}

/**
 * All 32-bit numbers but these, as prefixes: alternatives of one comparison each, where "not equal to any of" can not be said.
 * As networks are listed around some hosts.
 */
export function others(values: readonly number[]): readonly { mask: number; value: number }[] {
  const found: { mask: number; value: number }[] = [];
  const split = (prefix: number, length: number, inside: readonly number[]): void => {
    const mask = length === 0 ? 0 : (ALL << (WORD - length)) >>> 0;
    const here = inside.filter((value) => (value & mask) >>> 0 === prefix);
    if (here.length === 0) found.push({ mask, value: prefix });
    else if (length < WORD) {
      split(prefix, length + 1, here);
      split((prefix | (1 << (WORD - 1 - length))) >>> 0, length + 1, here);
    }
  };
  split(
    0,
    0,
    values.map((value) => value >>> 0),
  );
  return found;
}
