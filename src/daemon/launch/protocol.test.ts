// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import {
  decodeFrame,
  decodeHello,
  encodeFrame,
  FLAG,
  FRAME,
  FrameError,
  MAGIC,
  MAX_MODEL,
  MAX_TEXT,
} from "./protocol.ts";

describe("the messages between the daemon and a client of galgo run", () => {
  it("have the same numbers in C and here", () => {
    const file = new URL("../../../native/client-protocol.h", import.meta.url);
    const inC = new Map(
      [...readFileSync(file, "utf8").matchAll(/^#define GALGO_CLIENT_(\w+) (\w+)/gm)]
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
      ["MAX_TEXT", MAX_TEXT],
      ["MAX_MODEL", MAX_MODEL],
      ...prefixed("FLAG", FLAG),
      ...prefixed("FRAME", FRAME),
    ]);
    assert.deepEqual(inC, here);
  });

  it("arrive as they were sent", () => {
    const frame = decodeFrame(encodeFrame(FRAME.PLACED, -3, Buffer.from("/bin/ä")));
    assert.deepEqual(frame, { type: FRAME.PLACED, value: -3, text: "/bin/ä" });
  });

  it("are refused when they are cut short or of another version", () => {
    assert.throws(() => decodeFrame(new Uint8Array(7)), FrameError);
    const hello = new Uint8Array(24);
    hello[0] = FRAME.HELLO;
    assert.throws(() => decodeHello(hello), /another version/);
    assert.throws(() => decodeHello(hello.subarray(0, 23)), FrameError);
  });
});
