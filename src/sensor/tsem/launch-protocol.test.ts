// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import * as protocol from "./launch-protocol.ts";

describe("the protocol of the TSEM launcher", () => {
  it("has the same numbers in C and here", () => {
    const header = readFileSync(
      new URL("../../../native/tsem-protocol.h", import.meta.url),
      "utf8",
    );
    const inC = [...header.matchAll(/^#define GALGO_TSEM_(\w+) (0x[0-9a-f]+|\d+)/gm)].map(
      ([, name = "", value = ""]): [string, number] => [name, Number(value)],
    );
    const here: [string, number][] = [
      ["MAGIC", protocol.MAGIC],
      ["MAX_LINE", protocol.MAX_LINE],
      ...Object.entries(protocol.ORDER).map(([name, n]): [string, number] => [`ORDER_${name}`, n]),
      ...Object.entries(protocol.FLAG).map(([name, n]): [string, number] => [`FLAG_${name}`, n]),
      ...Object.entries(protocol.REPORT).map(([name, n]): [string, number] => [
        `REPORT_${name}`,
        n,
      ]),
      ...Object.entries(protocol.STEP).map(([name, n]): [string, number] => [`STEP_${name}`, n]),
      ...Object.entries(protocol.WATCH).map(([name, n]): [string, number] => [`WATCH_${name}`, n]),
    ];
    assert.deepEqual(new Map(inC), new Map(here));
  });

  it("lays its messages out as the C structures are", () => {
    const start = protocol.encodeStart({ dieWithGalgo: true, ignoredSignals: 5n, openFiles: 1024 });
    assert.equal(
      start.toString("hex"),
      "01000000474c5431010000000000000005000000000000000004000000000000",
    );
    const order = protocol.encodeOrder("seal\n");
    assert.equal(order.length, protocol.ORDER_BYTES);
    assert.equal(order.subarray(0, 16).toString("hex"), "02000000050000007365616c0a000000");
    assert.equal(protocol.encodeOrder().readUInt32LE(0), protocol.ORDER.GO);
    const report = Buffer.from("030000000300000002000000", "hex");
    assert.deepEqual(protocol.decodeReport(report), { type: 3, a: 3, b: 2 });
  });
});
