// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { SignatureError } from "../signed/errors.ts";
import { base64OfBytes, bytesOfBase64, bytesOfBase64Url } from "./strict-base64.ts";

const refused = { name: "SignatureError", code: "BAD_BASE64" };

describe("strict base64", () => {
  it("reads and writes as RFC 4648 says (section 10)", () => {
    for (const [text, base64] of [
      ["", ""],
      ["f", "Zg=="],
      ["fo", "Zm8="],
      ["foo", "Zm9v"],
      ["foob", "Zm9vYg=="],
      ["fooba", "Zm9vYmE="],
      ["foobar", "Zm9vYmFy"],
    ] as const) {
      const bytes = new TextEncoder().encode(text);
      assert.equal(base64OfBytes(bytes), base64);
      assert.deepEqual(bytesOfBase64(base64), bytes);
    }
  });

  it("writes as Node does, and reads either alphabet", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const node = Buffer.from(bytes);
        assert.equal(base64OfBytes(bytes), node.toString("base64"));
        assert.deepEqual(bytesOfBase64(node.toString("base64")), bytes);
        assert.deepEqual(
          bytesOfBase64(node.toString("base64").replace(/\+/g, "-").replace(/\//g, "_")),
          bytes,
        );
        assert.deepEqual(bytesOfBase64Url(node.toString("base64url")), bytes);
      }),
    );
  });

  it("has one text of the standard alphabet for each byte string", () => {
    const text = fc.string({
      unit: fc.constantFrom(..."ABCDwxyz0189+/=-_ \n"),
      maxLength: 12,
    });
    fc.assert(
      fc.property(text, (given) => {
        let bytes: Uint8Array;
        try {
          bytes = bytesOfBase64(given);
        } catch (error) {
          assert.ok(error instanceof SignatureError);
          return;
        }
        assert.equal(base64OfBytes(bytes), given.replace(/-/g, "+").replace(/_/g, "/"));
      }),
      { numRuns: 2_000 },
    );
  });

  for (const [what, text] of [
    ["bits that belong to no byte", "Zh=="],
    ["bits that belong to no byte, of two bytes", "Zm9="],
    ["white space", "Zm 9v"],
    ["a newline at the end", "Zm9v\n"],
    ["padding alone", "===="],
    ["too much padding", "Zg==="],
    ["too little padding", "Zg="],
    ["no padding", "Zm8"],
    ["padding in the middle", "Zg==Zg=="],
    ["both alphabets", "+_8="],
    ["a single digit", "Z"],
    ["a character beyond ASCII", "Zm9\u0161"],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.throws(() => bytesOfBase64(text), refused);
    });
  }

  it("refuses of JOSE's text the padding, the other alphabet and a cut end", () => {
    for (const text of ["Zm8=", "+w", "Zh", "Z", "Zm9vZ", "Zm 8"]) {
      assert.throws(() => bytesOfBase64Url(text), refused, text);
    }
  });
});
