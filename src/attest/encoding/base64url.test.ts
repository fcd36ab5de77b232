// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decodeBase64url, encodeBase64url } from "./strict-base64.ts";

describe("base64url", () => {
  it("gives the texts of RFC 4648, without padding", () => {
    const texts = ["", "Zg", "Zm8", "Zm9v", "Zm9vYg", "Zm9vYmE", "Zm9vYmFy"];
    for (const [length, text] of texts.entries()) {
      const bytes = new TextEncoder().encode("foobar".slice(0, length));
      assert.equal(encodeBase64url(bytes), text);
      assert.deepEqual(decodeBase64url(text), bytes);
    }
    assert.equal(encodeBase64url(Uint8Array.from([0xfb, 0xff])), "-_8");
  });

  it("is what Node makes of any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20_000 }), (bytes) => {
        const text = encodeBase64url(bytes);
        assert.equal(text, Buffer.from(bytes).toString("base64url"));
        assert.deepEqual(decodeBase64url(text), bytes);
      }),
      { numRuns: 50 },
    );
  });

  it("reads no text but the one of the bytes", () => {
    for (const text of ["Z", "Zg==", "Zh", "Zm9=", "Zm+v", "Zm/v", "Zm 9v", "Zm9v\n", "Zmé9"])
      assert.equal(decodeBase64url(text), undefined, text);
    const near = fc.string({ unit: fc.constantFrom(..."AZaz09-_+/= ") });
    fc.assert(
      fc.property(near, (text) => {
        const bytes = decodeBase64url(text);
        if (bytes !== undefined) assert.equal(encodeBase64url(bytes), text);
      }),
    );
  });
});
