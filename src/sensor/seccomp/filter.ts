// SPDX-License-Identifier: Apache-2.0
// The kernel filter (classic BPF over struct seccomp_data) made from the table. Calls that are not in it are allowed
// without any test of arguments, so the kernel remembers that and does not run the filter for them again (5.11).
import { AUDIT_ARCH, type Machine, X32_BIT, numberOf } from "./arch.ts";
import type { SyscallRule, When } from "./rule.ts";
import { REFUSED_CALLS, TABLE } from "./table.ts";

const LOAD_WORD = 0x20;
const JUMP_EQUAL = 0x15;
const JUMP_GREATER_EQUAL = 0x35;
const JUMP_BIT_SET = 0x45;
const RETURN = 0x06;

const NOTIFY = 0x7fc00000;
const ALLOW = 0x7fff0000;
const ENOSYS = 0x50000 | 38;

const OFFSET_NR = 0;
const OFFSET_ARCH = 4;
const argLow = (index: number): number => 16 + 8 * index;
const argHigh = (index: number): number => 20 + 8 * index;

/** code, jump if true, jump if false, constant. Jumps count instructions that are skipped. */
type Instruction = readonly [code: number, jt: number, jf: number, k: number];

const load = (offset: number): Instruction => [LOAD_WORD, 0, 0, offset];
const ret = (value: number): Instruction => [RETURN, 0, 0, value];

/** Length limit of the kernel (BPF_MAXINSNS). */
export const MAX_INSTRUCTIONS = 4096;

/**
 * The filter for a machine, 8 bytes an instruction (struct sock_filter).
 * @throws RangeError when the table has outgrown the kernel's limit.
 */
export function buildFilter(machine: Machine, table: readonly SyscallRule[] = TABLE): Uint8Array {
  const program: Instruction[] = [
    load(OFFSET_ARCH),
    // another architecture's entry points (int80) are notified one and all: nothing of them is in the table
    [JUMP_EQUAL, 1, 0, AUDIT_ARCH[machine]],
    ret(NOTIFY),
    load(OFFSET_NR),
  ];
  if (machine === "x64") program.push([JUMP_GREATER_EQUAL, 0, 1, X32_BIT], ret(NOTIFY));
  for (const name of REFUSED_CALLS) {
    const nr = numberOf(name, machine);
    if (nr >= 0) program.push([JUMP_EQUAL, 0, 1, nr], ret(ENOSYS));
  }
  for (const rule of table) {
    const nr = numberOf(rule.syscall, machine);
    if (nr < 0) continue;
    const body = ruleBody(rule.when ?? []);
    program.push([JUMP_EQUAL, 0, body.length, nr], ...body);
  }
  program.push(ret(ALLOW));
  if (program.length > MAX_INSTRUCTIONS) {
    throw new RangeError(
      `the filter has ${program.length} instructions, the kernel takes ${MAX_INSTRUCTIONS}`,
    );
  }
  return encode(program);
}

/** Tests of one call: falls through to NOTIFY when all hold. */
function ruleBody(tests: readonly When[]): Instruction[] {
  if (tests.length === 0) return [ret(NOTIFY)];
  const body: Instruction[] = [];
  for (const test of tests) body.push(...testBody(test));
  body.push(ret(NOTIFY));
  return body;
}

/** Falls through when the test holds, returns ALLOW when not. */
function testBody(test: When): Instruction[] {
  if ("orBit" in test) {
    return [
      load(argLow(test.arg)),
      [JUMP_BIT_SET, 3, 0, test.anyBit],
      [JUMP_BIT_SET, 1, 0, test.unlessBit],
      [JUMP_BIT_SET, 1, 0, test.orBit],
      ret(ALLOW),
    ];
  }
  if ("anyBit" in test)
    return [load(argLow(test.arg)), [JUMP_BIT_SET, 1, 0, test.anyBit], ret(ALLOW)];
  if ("noBit" in test)
    return [load(argLow(test.arg)), [JUMP_BIT_SET, 0, 1, test.noBit], ret(ALLOW)];
  if ("pointer" in test) {
    return [
      load(argLow(test.arg)),
      [JUMP_EQUAL, 0, 3, 0],
      load(argHigh(test.arg)),
      [JUMP_EQUAL, 0, 1, 0],
      ret(ALLOW),
    ];
  }
  const count = test.oneOf.length;
  return [
    load(argLow(test.arg)),
    ...test.oneOf.map((value, index): Instruction => [JUMP_EQUAL, count - index, 0, value]),
    ret(ALLOW),
  ];
}

function encode(program: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(8 * program.length);
  const view = new DataView(bytes.buffer);
  program.forEach(([code, jt, jf, k], index) => {
    view.setUint16(8 * index, code, true);
    view.setUint8(8 * index + 2, jt);
    view.setUint8(8 * index + 3, jf);
    view.setUint32(8 * index + 4, k >>> 0, true);
  });
  return bytes;
}
