// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { bytesToHex, hexToBytes, isHex } from "./hex.ts";

describe("hex", () => {
  it("gives the same bytes back", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const text = bytesToHex(bytes);
        assert.deepEqual(hexToBytes(text), bytes);
        assert.deepEqual(hexToBytes(text.toUpperCase()), bytes);
        assert.equal(text, Buffer.from(bytes).toString("hex"));
      }),
    );
  });

  for (const wrong of ["0", "0g", "é0", "0\u{1d7d8}0", " 0", "0x00"]) {
    it(`refuses ${JSON.stringify(wrong)}`, () => {
      assert.throws(() => hexToBytes(wrong), RangeError);
      assert.equal(isHex(wrong), false);
    });
  }

  it("tells hex of a size, lower case only", () => {
    assert.equal(isHex("00ff", 2), true);
    assert.equal(isHex("00ff", 1), false);
    assert.equal(isHex("00FF", 2), false);
    assert.equal(isHex("", 0), true);
    assert.equal(isHex("00ff\n"), false);
  });
});
