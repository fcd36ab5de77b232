// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { TABLE, type When } from "../../sensor/seccomp/index.ts";
import { type Condition, notHeld, others } from "./conditions.ts";

/** What Galgo's filter holds, from the words of rule.ts. */
function held(when: When, arg: bigint): boolean {
  const bits = Number(BigInt.asUintN(32, arg));
  if ("orBit" in when)
    return (
      (bits & when.anyBit) !== 0 || ((bits & when.orBit) !== 0 && (bits & when.unlessBit) === 0)
    );
  if ("anyBit" in when) return (bits & when.anyBit) !== 0;
  if ("noBit" in when) return (bits & when.noBit) === 0;
  if ("pointer" in when) return arg !== 0n;
  return when.oneOf.some((value) => value >>> 0 === bits);
}

/** What a comparison of libseccomp says. */
function met({ mask, value }: Condition, arg: bigint): boolean {
  if (mask === undefined) return arg === BigInt(value);
  return (arg & BigInt(mask)) === BigInt(value);
}

const TESTS = TABLE.flatMap(({ when }) => when ?? []);
const numbers = fc.oneof(
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  fc.constantFrom(
    0n,
    ...TESTS.flatMap((when) => [
      ...("oneOf" in when ? when.oneOf : []),
      ...("anyBit" in when ? [when.anyBit] : []),
      ...("noBit" in when ? [when.noBit] : []),
      ...("orBit" in when ? [when.orBit, when.unlessBit, when.orBit | when.unlessBit] : []),
    ]).flatMap((value) => [BigInt(value >>> 0), BigInt((value + 1) >>> 0)]),
  ),
);

describe("conditions on arguments", () => {
  it("say exactly what Galgo's filter does not hold, for every test of its table", () => {
    assert.ok(TESTS.length > 10);
    for (const when of TESTS) {
      const alternatives = notHeld(when);
      fc.assert(
        fc.property(numbers, (arg) => {
          const passes = alternatives.some((condition) => met(condition, arg));
          assert.equal(passes, !held(when, arg), `${JSON.stringify(when)} ${arg}`);
        }),
        { numRuns: 200 },
      );
    }
  });

  it("list the numbers around some as prefixes, without overlap", () => {
    assert.deepEqual(others([]), [{ mask: 0, value: 0 }]);
    const around = others([0, 0xffffffff, 0x5412]);
    for (const value of [0, 0xffffffff, 0x5412])
      assert.ok(!around.some((each) => (value & each.mask) >>> 0 === each.value));
    const covered = around.reduce(
      (sum, { mask }) =>
        sum + 2 ** (32 - Math.clz32(~mask >>> 0) === 32 ? 32 : 32 - Math.clz32(~mask >>> 0)),
      0,
    );
    assert.equal(covered, 2 ** 32 - 3);
  });
});
