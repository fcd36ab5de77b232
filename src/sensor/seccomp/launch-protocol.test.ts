// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import {
  decodeOrder,
  decodeReport,
  decodeStart,
  encodeOrder,
  encodeReport,
  encodeStart,
  FEATURE,
  FLAG,
  MAGIC,
  MAX_INSTRUCTIONS,
  MAX_MESSAGE_BYTES,
  ORDER,
  REPORT,
  STEP,
} from "./launch-protocol.ts";

const START = {
  noNewPrivs: true,
  landlock: false,
  ignoredSignals: 0x8000_0000_0000_0001n,
  openFiles: 1024,
  filter: new Uint8Array(16).fill(7),
};

describe("the messages between Galgo and a guard", () => {
  it("have the same numbers in C and here", () => {
    const header = readFileSync(new URL("../../../native/protocol.h", import.meta.url), "utf8");
    const inC = new Map(
      [...header.matchAll(/^#define GALGO_(\w+) (\w+)/gm)]
        .filter(([, name]) => name !== "PROTOCOL_H")
        .map(([, name = "", value]) => [name, Number(value)]),
    );
    const prefixed = (
      prefix: string,
      table: Readonly<Record<string, number>>,
    ): [string, number][] =>
      Object.entries(table).map(([name, value]) => [`${prefix}_${name}`, value]);
    const here = new Map<string, number>([
      ["MAGIC", MAGIC],
      ["MAX_INSTRUCTIONS", MAX_INSTRUCTIONS],
      ...prefixed("FLAG", FLAG),
      ...prefixed("ORDER", ORDER),
      ...prefixed("REPORT", REPORT),
      ...prefixed("FEATURE", FEATURE),
      ...prefixed("STEP", STEP),
    ]);
    assert.deepEqual(inC, here);
  });

  it("arrive as they were sent", () => {
    assert.deepEqual(decodeStart(encodeStart(START)), START);
    for (const landlock of [true, false])
      assert.deepEqual(decodeStart(encodeStart({ ...START, landlock })), { ...START, landlock });
    const unfiltered = { ...START, filter: new Uint8Array(0) };
    assert.deepEqual(decodeStart(encodeStart(unfiltered)), unfiltered);
    assert.deepEqual(decodeOrder(encodeOrder(ORDER.SIGNAL, 15)), {
      type: ORDER.SIGNAL,
      argument: 15,
    });
    assert.deepEqual(decodeReport(encodeReport(REPORT.FAILED, STEP.EXEC, -1)), {
      type: REPORT.FAILED,
      a: STEP.EXEC,
      b: -1,
    });
  });

  it("take a filter of the greatest length and no longer", () => {
    const longest = encodeStart({ ...START, filter: new Uint8Array(8 * MAX_INSTRUCTIONS) });
    assert.equal(longest.length, MAX_MESSAGE_BYTES);
    for (const length of [7, 12, 8 * MAX_INSTRUCTIONS + 8]) {
      assert.throws(() => encodeStart({ ...START, filter: new Uint8Array(length) }), {
        code: "BAD_MESSAGE",
      });
    }
  });

  it("are refused when they are short, long, of another version or with an unknown flag", () => {
    const good = encodeStart(START);
    const otherVersion = good.with(3, good[3] === undefined ? 0 : good[3] + 1);
    const unknownFlag = good.with(4, 5);
    const otherCount = good.with(24, 3);
    const bad = [
      new Uint8Array(0),
      good.subarray(0, 31),
      good.subarray(0, 32),
      good.subarray(0, -1),
      otherVersion,
      unknownFlag,
      otherCount,
    ];
    for (const bytes of bad) assert.throws(() => decodeStart(bytes), { code: "BAD_MESSAGE" });
    for (const length of [0, 7, 9, 12]) {
      assert.throws(() => decodeOrder(new Uint8Array(length)), { code: "BAD_MESSAGE" });
    }
    for (const length of [0, 8, 11, 13]) {
      assert.throws(() => decodeReport(new Uint8Array(length)), { code: "BAD_MESSAGE" });
    }
  });
});
