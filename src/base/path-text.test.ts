// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decodePath, encodePath } from "./path-text.ts";

describe("path text", () => {
  it("gives back any bytes", () => {
    const anyBytes = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      // Bytes around the borders of UTF-8, where sequences are nearly well-formed.
      fc
        .array(
          fc.constantFrom(
            0x41,
            0x80,
            0x8f,
            0x90,
            0x9f,
            0xa0,
            0xbf,
            0xc0,
            0xc2,
            0xe0,
            0xed,
            0xef,
            0xf0,
            0xf4,
            0xf5,
            0xff,
          ),
        )
        .map((list) => Uint8Array.from(list)),
    );
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        assert.deepEqual(encodePath(decodePath(bytes)), bytes);
      }),
      { numRuns: 2000 },
    );
  });

  it("reads well-formed UTF-8 as every decoder does", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const bytes = new TextEncoder().encode(text);
        assert.equal(
          decodePath(bytes),
          new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes),
        );
      }),
    );
  });

  it("reads as text exactly what a strict decoder takes", () => {
    const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    const near = fc.array(
      fc.constantFrom(
        0x80,
        0x8f,
        0x90,
        0x9f,
        0xa0,
        0xbf,
        0xc1,
        0xc2,
        0xdf,
        0xe0,
        0xed,
        0xef,
        0xf0,
        0xf4,
        0xf5,
      ),
      {
        minLength: 2,
        maxLength: 4,
      },
    );
    fc.assert(
      fc.property(near, (list) => {
        const bytes = Uint8Array.from(list);
        let expected: string | undefined;
        try {
          expected = strict.decode(bytes);
        } catch {
          expected = undefined;
        }
        const text = decodePath(bytes);
        if (expected === undefined) assert.match(text, /\p{Cs}/u);
        else assert.equal(text, expected);
      }),
      { numRuns: 3000 },
    );
  });

  const cases: readonly (readonly [string, readonly number[], string])[] = [
    ["a byte order mark", [0xef, 0xbb, 0xbf, 0x41], "\ufeffA"],
    ["an overlong slash", [0xc0, 0xaf], "\udcc0\udcaf"],
    ["an encoded surrogate", [0xed, 0xa0, 0x80], "\udced\udca0\udc80"],
    ["a cut sequence", [0x41, 0xe2, 0x82], "A\udce2\udc82"],
    ["a point above the last", [0xf4, 0x90, 0x80, 0x80], "\udcf4\udc90\udc80\udc80"],
    ["latin-1", [0x63, 0x61, 0x66, 0xe9], "caf\udce9"],
  ];
  for (const [name, bytes, text] of cases) {
    it(`decodes ${name}`, () => assert.equal(decodePath(Uint8Array.from(bytes)), text));
  }

  it("writes a surrogate that no decoding gives as a replacement character", () => {
    assert.deepEqual([...encodePath("\ud800")], [0xef, 0xbf, 0xbd]);
    assert.deepEqual([...encodePath("\udc7f")], [0xef, 0xbf, 0xbd]);
  });

  it("takes names longer than an argument list", () => {
    const bytes = new Uint8Array(300_000).fill(0x61);
    assert.equal(decodePath(bytes).length, 300_000);
    bytes[299_999] = 0xff;
    assert.deepEqual(encodePath(decodePath(bytes)), bytes);
  });
});
