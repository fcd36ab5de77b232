// SPDX-License-Identifier: Apache-2.0
// The kernel filter, run in a small interpreter of classic BPF, against what the table says.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  AUDIT_ARCH,
  type Machine,
  SYSCALL_NAMES,
  type SyscallName,
  X32_BIT,
  numberOf,
} from "./arch.ts";
import { floorTable } from "./floor.ts";
import { MAX_INSTRUCTIONS, buildFilter } from "./filter.ts";
import type { SyscallRule, When } from "./rule.ts";
import { REFUSED_CALLS, TABLE } from "./table.ts";

const NOTIFY = 0x7fc00000;
const ALLOW = 0x7fff0000;
const ENOSYS = 0x50026;
const MACHINES = ["x64", "arm64"] as const;
const I386 = 0x40000003;
const ARM = 0x40000028;

interface Call {
  readonly nr: number;
  readonly arch: number;
  readonly args: readonly bigint[];
}

interface Outcome {
  readonly action: number;
  /** Whether an argument was looked at: the kernel caches only answers that come without. */
  readonly readArguments: boolean;
}

/** struct seccomp_data: nr@0 arch@4 instruction_pointer@8 args@16. */
function dataOf({ nr, arch, args }: Call): DataView {
  const view = new DataView(new ArrayBuffer(64));
  view.setUint32(0, nr >>> 0, true);
  view.setUint32(4, arch >>> 0, true);
  args.forEach((arg, index) => {
    view.setBigUint64(16 + 8 * index, BigInt.asUintN(64, arg), true);
  });
  return view;
}

/** Runs a filter as the kernel would; throws on what its checker would refuse. */
function run(filter: Uint8Array, call: Call): Outcome {
  const program = new DataView(filter.buffer, filter.byteOffset, filter.byteLength);
  const data = dataOf(call);
  let accumulator = 0;
  let readArguments = false;
  for (let pc = 0; pc < filter.length / 8; pc++) {
    const code = program.getUint16(8 * pc, true);
    const [jt, jf] = [program.getUint8(8 * pc + 2), program.getUint8(8 * pc + 3)];
    const k = program.getUint32(8 * pc + 4, true);
    const jump = (holds: boolean): void => {
      pc += holds ? jt : jf;
    };
    switch (code) {
      case 0x20:
        assert.ok(k % 4 === 0 && k < 64, `load at ${k}`);
        readArguments ||= k >= 16;
        accumulator = data.getUint32(k, true);
        break;
      case 0x15:
        jump(accumulator === k);
        break;
      case 0x35:
        jump(accumulator >= k);
        break;
      case 0x45:
        jump((accumulator & k) !== 0);
        break;
      case 0x06:
        return { action: k, readArguments };
      default:
        assert.fail(`instruction ${code} at ${pc}`);
    }
  }
  assert.fail("the filter runs off its end");
}

const low = (arg: bigint): number => Number(BigInt.asUintN(32, arg));

/** The table's own meaning, independent of how the filter is built. */
function holds(when: When, args: readonly bigint[]): boolean {
  const arg = args[when.arg] ?? 0n;
  const bits = low(arg);
  if ("orBit" in when) {
    return (
      (bits & when.anyBit) !== 0 || ((bits & when.unlessBit) === 0 && (bits & when.orBit) !== 0)
    );
  }
  if ("anyBit" in when) return (bits & when.anyBit) !== 0;
  if ("noBit" in when) return (bits & when.noBit) === 0;
  if ("pointer" in when) return BigInt.asUintN(64, arg) !== 0n;
  return when.oneOf.some((value) => value >>> 0 === bits);
}

const ruleHolds = (rule: SyscallRule, args: readonly bigint[]): boolean =>
  (rule.when ?? []).every((when) => holds(when, args));

/** Values of an argument at the edges of what a test looks at. */
function edges(when: When): bigint[] {
  const values: number[] = [0, 1, 0xffffffff];
  if ("orBit" in when) {
    values.push(when.anyBit, when.orBit, when.unlessBit, when.orBit | when.unlessBit);
    values.push(when.anyBit | when.unlessBit);
  } else if ("anyBit" in when) values.push(when.anyBit, ~when.anyBit);
  else if ("noBit" in when) values.push(when.noBit, ~when.noBit);
  else if ("oneOf" in when) values.push(...when.oneOf.flatMap((value) => [value, value + 1]));
  const wide = values.map((value) => BigInt(value >>> 0));
  return [...wide, ...wide.map((value) => value | (1n << 40n))];
}

const argument = fc.oneof(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), fc.constant(0n));
const sixArguments = fc.array(argument, { minLength: 6, maxLength: 6 });

function checkRule(filter: Uint8Array, machine: Machine, rule: SyscallRule): void {
  const nr = numberOf(rule.syscall, machine);
  const expect = (args: readonly bigint[]): void => {
    const { action } = run(filter, { nr, arch: AUDIT_ARCH[machine], args });
    const expected = ruleHolds(rule, args) ? NOTIFY : ALLOW;
    assert.equal(action, expected, `${rule.syscall} ${args.join(" ")}`);
  };
  fc.assert(
    fc.property(sixArguments, (args) => {
      expect(args);
    }),
    { numRuns: 20 },
  );
  for (const when of rule.when ?? []) {
    for (const value of edges(when)) {
      const args = [0n, 0n, 0n, 0n, 0n, 0n];
      args[when.arg] = value;
      expect(args);
    }
  }
}

for (const machine of MACHINES) {
  test(`${machine}: above a floor each row notifies exactly when its conditions hold`, () => {
    const filter = buildFilter(machine, floorTable());
    assert.deepEqual(
      floorTable().map(({ syscall }) => syscall),
      TABLE.map(({ syscall }) => syscall),
    );
    for (const rule of floorTable()) {
      if (numberOf(rule.syscall, machine) >= 0) checkRule(filter, machine, rule);
    }
  });

  test(`${machine}: above a floor opens that only read are allowed, all others are held`, () => {
    const filter = buildFilter(machine, floorTable());
    const opened = (name: SyscallName, at: number, flags: number): number => {
      const args = [0n, 0n, 0n, 0n, 0n, 0n].with(at, BigInt(flags));
      return run(filter, { nr: numberOf(name, machine), arch: AUDIT_ARCH[machine], args }).action;
    };
    const calls: readonly [SyscallName, number][] = [
      ["openat", 2],
      ...(machine === "x64" ? [["open", 1] as [SyscallName, number]] : []),
    ];
    for (const [name, at] of calls) {
      // O_RDONLY; O_CLOEXEC|O_DIRECTORY|O_NONBLOCK; O_PATH; O_PATH|O_RDWR, which gives no access
      for (const flags of [0, 0o2200000 | 0o4000, 0o10000000, 0o10000002])
        assert.equal(opened(name, at, flags), ALLOW, `${name} ${flags}`);
      // O_WRONLY, O_RDWR, both, O_CREAT, O_TRUNC, __O_TMPFILE
      for (const flags of [1, 2, 3, 0o100, 0o1000, 0o20000000])
        assert.equal(opened(name, at, flags), NOTIFY, `${name} ${flags}`);
    }
    for (const [name, at] of [
      ["openat2", 2],
      ["execve", 1],
    ] as const)
      assert.equal(opened(name, at, 0), NOTIFY, name);
  });

  const filter = buildFilter(machine);
  const arch = AUDIT_ARCH[machine];
  const none = [0n, 0n, 0n, 0n, 0n, 0n];
  const known = new Set(TABLE.map(({ syscall }) => numberOf(syscall, machine)));
  const refused = new Set<number>(REFUSED_CALLS.map((name) => numberOf(name, machine)));

  test(`${machine}: each row notifies exactly when its conditions hold`, () => {
    for (const rule of TABLE) {
      if (numberOf(rule.syscall, machine) >= 0) checkRule(filter, machine, rule);
    }
  });

  test(`${machine}: each row can be reached, and each condition can fail`, () => {
    for (const rule of TABLE) {
      const nr = numberOf(rule.syscall, machine);
      if (nr < 0) continue;
      const tries = (rule.when ?? []).reduce<bigint[][]>(
        (all, when) => all.flatMap((args) => edges(when).map((v) => args.with(when.arg, v))),
        [none],
      );
      const actions = new Set(tries.map((args) => run(filter, { nr, arch, args }).action));
      const expected = rule.when === undefined ? [NOTIFY] : [ALLOW, NOTIFY];
      assert.deepEqual([...actions].sort(), expected.sort(), rule.syscall);
    }
  });

  test(`${machine}: clone3 is refused as unknown`, () => {
    for (const nr of refused) assert.equal(run(filter, { nr, arch, args: none }).action, ENOSYS);
  });

  test(`${machine}: entry points of other architectures are notified`, () => {
    for (const foreign of [I386, ARM, 0, 0xffffffff]) {
      for (const nr of [0, 1, 5, 11, 1000]) {
        assert.equal(run(filter, { nr, arch: foreign, args: none }).action, NOTIFY);
      }
    }
  });

  test(`${machine}: calls outside the table are allowed without a look at their arguments`, () => {
    for (let nr = 0; nr < 600; nr++) {
      if (known.has(nr) || refused.has(nr)) continue;
      const outcome = run(filter, { nr, arch, args: none });
      assert.deepEqual(outcome, { action: ALLOW, readArguments: false }, `${nr}`);
    }
  });

  test(`${machine}: the launcher's own calls between the filter and the exec are allowed`, () => {
    const calls = machine === "x64" ? [0, 1, 3, 202, 231] : [63, 64, 57, 98, 94];
    for (const nr of calls) assert.equal(run(filter, { nr, arch, args: none }).action, ALLOW);
  });

  test(`${machine}: it fits the kernel's limits`, () => {
    assert.ok(filter.length / 8 <= MAX_INSTRUCTIONS);
    const program = new DataView(filter.buffer);
    for (let pc = 0; pc < filter.length / 8; pc++) {
      if ((program.getUint16(8 * pc, true) & 7) !== 5) continue;
      for (const offset of [2, 3]) {
        const target = pc + 1 + program.getUint8(8 * pc + offset);
        assert.ok(target < filter.length / 8, `jump of ${pc} to ${target}`);
      }
    }
  });
}

test("x32 entry points are notified, also those of calls that are not in the table", () => {
  const filter = buildFilter("x64");
  for (const nr of [0, 2, 257, 599]) {
    const call = { nr: nr | X32_BIT, arch: AUDIT_ARCH.x64, args: [0n, 0n, 0n, 0n, 0n, 0n] };
    assert.equal(run(filter, call).action, NOTIFY);
  }
  const negative = { nr: 0xffffffff, arch: AUDIT_ARCH.x64, args: [0n, 0n, 0n, 0n, 0n, 0n] };
  assert.equal(run(filter, negative).action, NOTIFY);
});

test("a table that has outgrown the kernel is refused", () => {
  const many: SyscallRule[] = [];
  const [row] = TABLE;
  assert.ok(row !== undefined);
  while (many.length < 2000) many.push(row);
  assert.throws(() => buildFilter("x64", many), RangeError);
});

test("all numbers of the table are known on at least one machine", () => {
  for (const name of SYSCALL_NAMES) {
    assert.ok(
      MACHINES.some((machine) => numberOf(name, machine) >= 0),
      name,
    );
  }
});
