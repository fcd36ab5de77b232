// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decodeBase64, encodeBase64 } from "./base64.ts";

describe("base64", () => {
  it("gives the bytes that were encoded", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
        assert.deepEqual(decodeBase64(Buffer.from(bytes).toString("base64")), bytes);
      }),
    );
  });

  it("is written as Node writes it", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
        assert.equal(encodeBase64(bytes), Buffer.from(bytes).toString("base64"));
      }),
    );
  });

  it("stops at the padding and refuses other characters", () => {
    assert.deepEqual([...decodeBase64("YQ==rest")], [0x61]);
    assert.throws(() => decodeBase64("Y-Q="), RangeError);
  });
});
