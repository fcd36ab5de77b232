// SPDX-License-Identifier: Apache-2.0
// The profile for containers against the filter of launched workloads: for every call and argument the same answer, but where the
// profile is stricter (calls that nobody names).
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TABLE, type When } from "../../sensor/seccomp/index.ts";
import { type ContainerProfile, containerProfile } from "./profile.ts";

const profile = containerProfile({ machine: "x64", listenerPath: "/run/galgo/seccomp.sock" });

/** What the profile says of a call with one argument, as libseccomp reads it: every rule that fits. */
function answers(name: string, arg: number, value: bigint): Set<string> {
  const found = new Set<string>();
  for (const { names, action, args } of profile.syscalls) {
    if (!names.includes(name)) continue;
    const fits = (args ?? []).every((wanted) => {
      assert.equal(wanted.index, arg);
      if (wanted.op === "SCMP_CMP_NE") return value !== BigInt(wanted.value);
      if (wanted.op === "SCMP_CMP_EQ") return value === BigInt(wanted.value);
      return (value & BigInt(wanted.value)) === BigInt(wanted.valueTwo ?? 0);
    });
    if (fits) found.add(action);
  }
  return found;
}

function told(when: When, value: bigint): boolean {
  const low = value & 0xffff_ffffn;
  const has = (bits: number): boolean => (low & BigInt(bits)) !== 0n;
  if ("orBit" in when) return has(when.anyBit) || (has(when.orBit) && !has(when.unlessBit));
  if ("anyBit" in when) return has(when.anyBit);
  if ("noBit" in when) return !has(when.noBit);
  if ("pointer" in when) return value !== 0n;
  return when.oneOf.some((wanted) => BigInt.asUintN(32, BigInt(wanted)) === low);
}

const conditional = TABLE.flatMap(({ syscall, when }) =>
  when?.[0] === undefined ? [] : [{ syscall, when: when[0], more: when.length > 1 }],
);
const bit = fc.integer({ min: 0, max: 63 }).map((shift) => 1n << BigInt(shift));
const values = conditional.flatMap(({ when }) => ("oneOf" in when ? when.oneOf.map(BigInt) : []));
const value = fc.oneof(
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  fc.tuple(bit, bit, bit).map(([a, b, c]) => a | b | c),
  fc.constantFrom(0n, ...values),
  fc.constantFrom(...values).map((low) => low | (1n << 40n)),
);

test("each value of an argument has one answer: told as the table says, else allowed", () => {
  assert.ok(conditional.length > 10);
  fc.assert(
    fc.property(fc.constantFrom(...conditional), value, ({ syscall, when, more }, given) => {
      const wanted = more || told(when, given) ? "SCMP_ACT_NOTIFY" : "SCMP_ACT_ALLOW";
      assert.deepEqual([...answers(syscall, when.arg, given)], [wanted], `${syscall} ${given}`);
    }),
    { numRuns: 3_000 },
  );
});

test("calls without a test are told, and what nobody names is refused", () => {
  for (const { syscall, when } of TABLE) {
    if (when === undefined) assert.deepEqual([...answers(syscall, 0, 0n)], ["SCMP_ACT_NOTIFY"]);
  }
  assert.equal(answers("no_such_call_yet", 0, 0n).size, 0);
  assert.equal(profile.defaultAction, "SCMP_ACT_ERRNO");
  // runc refuses a profile that tells of write
  assert.deepEqual([...answers("write", 0, 0n)], ["SCMP_ACT_ALLOW"]);
  assert.deepEqual([...answers("clone3", 0, 0n)], ["SCMP_ACT_ERRNO"]);
});

test("carries what the daemon is to be told, and a flag only when asked for", () => {
  const options = { machine: "arm64", listenerPath: "/s", listenerMetadata: "{}" } as const;
  const other: ContainerProfile = containerProfile({ ...options, waitKillable: true });
  assert.deepEqual(other.architectures, ["SCMP_ARCH_AARCH64"]);
  assert.equal(other.listenerMetadata, "{}");
  assert.deepEqual(other.flags, ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]);
  assert.equal("flags" in profile, false);
  assert.equal("listenerMetadata" in profile, false);
});
