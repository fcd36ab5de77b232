// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bytesToHex } from "./hex.ts";
import { ByteWriter } from "./bytes.ts";

const written = (write: (w: ByteWriter) => unknown): string => {
  const w = new ByteWriter(1);
  write(w);
  return bytesToHex(w.bytes());
};

describe("ByteWriter", () => {
  const cases: readonly (readonly [string, (w: ByteWriter) => unknown, string])[] = [
    [
      "integers little-endian",
      (w) => w.u8(1).u16(0x0203).u32(0x04050607).u64(0x08090a0b0c0d0e0fn),
      "01030207060504" + "0f0e0d0c0b0a0908",
    ],
    [
      "signed numbers as two's complement",
      (w) => w.u32(-1).u64(-2n),
      "ffffffff" + "feffffffffffffff",
    ],
    ["hex", (w) => w.hex("00Ff"), "00ff"],
    ["padded hex", (w) => w.hexPadded("aabb", 4).hexPadded("aabbcc", 2), "aabb0000aabb"],
    ["text without length", (w) => w.text("aé\udcff"), "61c3a9ff"],
    ["padded text", (w) => w.textPadded("ab", 4).textPadded("abcdef", 3), "61620000616263"],
    ["text with length", (w) => w.string("é").string(""), "02000000c3a900000000"],
    ["raw bytes and zeros", (w) => w.raw(Uint8Array.of(9, 8)).zeros(3), "0908000000"],
  ];
  for (const [name, write, expected] of cases) {
    it(`writes ${name}`, () => assert.equal(written(write), expected));
  }

  it("grows and can be used again", () => {
    const w = new ByteWriter(4);
    w.string("x".repeat(10_000));
    assert.equal(w.length, 10_004);
    assert.equal(bytesToHex(w.reset().u16(7).bytes()), "0700");
  });

  it("clears what an earlier use left", () => {
    const w = new ByteWriter(16);
    w.hex("ff".repeat(12));
    assert.equal(bytesToHex(w.reset().zeros(4).textPadded("", 4).bytes()), "00".repeat(8));
  });

  it("refuses text that is not hex", () => {
    assert.throws(() => new ByteWriter().hex("zz"), RangeError);
  });
});
