// SPDX-License-Identifier: Apache-2.0
// Examples of RFC 8949, appendix A, and what is not deterministic there.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { bytesToHex, hexToBytes } from "../../base/hex.ts";
import { CborError } from "./cbor.ts";
import type { CborErrorCode, CborValue } from "./cbor.ts";
import { decodeCbor } from "./cbor-read.ts";
import { encodeCbor } from "./cbor-write.ts";
import { MAX_DEPTH, MAX_ITEMS, MAX_TOKEN_BYTES } from "./limits.ts";

const oneToTwentyFive = Array.from({ length: 25 }, (_, i) => i + 1);

const EXAMPLES: readonly [string, CborValue][] = [
  ["00", 0],
  ["01", 1],
  ["0a", 10],
  ["17", 23],
  ["1818", 24],
  ["1819", 25],
  ["1864", 100],
  ["1903e8", 1_000],
  ["1a000f4240", 1_000_000],
  ["1b000000e8d4a51000", 1_000_000_000_000],
  ["1b001fffffffffffff", Number.MAX_SAFE_INTEGER],
  ["20", -1],
  ["29", -10],
  ["3863", -100],
  ["3903e7", -1_000],
  ["f4", false],
  ["f5", true],
  ["f6", null],
  ["c074323031332d30332d32315432303a30343a30305a", { tag: 0, value: "2013-03-21T20:04:00Z" }],
  ["c11a514b67b0", { tag: 1, value: 1_363_896_240 }],
  ["d74401020304", { tag: 23, value: hexToBytes("01020304") }],
  ["d818456449455446", { tag: 24, value: hexToBytes("6449455446") }],
  ["40", new Uint8Array(0)],
  ["4401020304", hexToBytes("01020304")],
  ["60", ""],
  ["6161", "a"],
  ["6449455446", "IETF"],
  ["62225c", '"\\'],
  ["62c3bc", "\u00fc"],
  ["63e6b0b4", "\u6c34"],
  ["64f0908591", "\u{10151}"],
  ["80", []],
  ["83010203", [1, 2, 3]],
  ["8301820203820405", [1, [2, 3], [4, 5]]],
  ["98190102030405060708090a0b0c0d0e0f101112131415161718181819", oneToTwentyFive],
  ["a0", new Map()],
  [
    "a201020304",
    new Map([
      [1, 2],
      [3, 4],
    ]),
  ],
  [
    "a26161016162820203",
    new Map<string, CborValue>([
      ["a", 1],
      ["b", [2, 3]],
    ]),
  ],
  ["826161a161626163", ["a", new Map([["b", "c"]])]],
];

const REFUSED: readonly [string, string, CborErrorCode][] = [
  ["nothing", "", "MALFORMED"],
  ["bytes behind the value", "0000", "MALFORMED"],
  ["a head without its number", "18", "MALFORMED"],
  ["a text that ends early", "6261", "MALFORMED"],
  ["an array that ends early", "8201", "MALFORMED"],
  ["a map that ends early", "a101", "MALFORMED"],
  ["a tag of nothing", "c0", "MALFORMED"],
  ["a text that is not UTF-8", "61ff", "MALFORMED"],
  ["half of a character", "63eda080", "MALFORMED"],
  ["23 in two bytes", "1817", "NOT_DETERMINISTIC"],
  ["255 in three bytes", "1900ff", "NOT_DETERMINISTIC"],
  ["65535 in five bytes", "1a0000ffff", "NOT_DETERMINISTIC"],
  ["2^32-1 in nine bytes", "1b00000000ffffffff", "NOT_DETERMINISTIC"],
  ["a length of two bytes that fits in one", "5801aa", "NOT_DETERMINISTIC"],
  ["keys out of order", "a203040102", "NOT_DETERMINISTIC"],
  ["a key twice", "a201020103", "NOT_DETERMINISTIC"],
  ["a longer key first", "a262616101616202", "NOT_DETERMINISTIC"],
  ["2^53", "1b0020000000000000", "UNSUPPORTED"],
  ["2^64-1", "1bffffffffffffffff", "UNSUPPORTED"],
  ["-2^53", "3b001fffffffffffff", "UNSUPPORTED"],
  ["-2^64", "3bffffffffffffffff", "UNSUPPORTED"],
  ["a half float", "f93c00", "UNSUPPORTED"],
  ["a float", "fa47c35000", "UNSUPPORTED"],
  ["a double", "fb3ff199999999999a", "UNSUPPORTED"],
  ["undefined", "f7", "UNSUPPORTED"],
  ["simple(16)", "f0", "UNSUPPORTED"],
  ["simple(255)", "f8ff", "UNSUPPORTED"],
  ["false in two bytes", "f814", "UNSUPPORTED"],
  ["a break", "ff", "UNSUPPORTED"],
  ["bytes without a length", "5f42010243030405ff", "UNSUPPORTED"],
  ["an array without a length", "9fff", "UNSUPPORTED"],
  ["a map without a length", "bf61610161629f0203ffff", "UNSUPPORTED"],
  ["a reserved head", "1c", "UNSUPPORTED"],
  ["a key that is bytes", "a1410100", "UNSUPPORTED"],
  ["a key that is true", "a1f500", "UNSUPPORTED"],
  ["a key that is an array", "a18000", "TOO_MUCH"],
  ["more items than are read", "9a00010000", "TOO_MUCH"],
  ["as many items as there are numbers", "9b001fffffffffffff", "TOO_MUCH"],
  ["more levels than are read", `${"81".repeat(MAX_DEPTH + 1)}00`, "TOO_MUCH"],
  ["more tags than are read", `${"c1".repeat(MAX_DEPTH + 1)}00`, "TOO_MUCH"],
  ["a longer string than there can be", "5b001fffffffffffff", "MALFORMED"],
];

const anyCbor: fc.Arbitrary<CborValue> = fc.letrec<{ value: CborValue; leaf: CborValue }>(
  (tie) => ({
    leaf: fc.oneof(
      fc.maxSafeInteger().map((n) => n + 0),
      fc.string({ unit: "binary", maxLength: 40 }),
      fc.boolean(),
      fc.constant(null),
      fc.uint8Array({ maxLength: 300 }),
    ),
    value: fc.oneof(
      { maxDepth: MAX_DEPTH - 1, depthSize: "small" },
      tie("leaf"),
      fc.array(tie("value"), { maxLength: 5 }),
      fc
        .array(fc.tuple(fc.oneof(fc.maxSafeInteger(), fc.string({ maxLength: 5 })), tie("value")), {
          maxLength: 5,
        })
        .map((entries) => new Map(entries)),
      fc.record({ tag: fc.maxSafeNat(), value: tie("value") }, { noNullPrototype: true }),
    ),
  }),
).value;

describe("CBOR", () => {
  it("is that of RFC 8949, both ways", () => {
    for (const [hex, value] of EXAMPLES) {
      assert.equal(bytesToHex(encodeCbor(value)), hex);
      assert.deepEqual(decodeCbor(hexToBytes(hex)), value, hex);
    }
  });

  for (const [what, hex, code] of REFUSED) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => decodeCbor(hexToBytes(hex)),
        (error) => error instanceof CborError && error.code === code,
      );
    });
  }

  it("sorts keys by their bytes, whatever the order they came in", () => {
    const keys = [10, 100, -1, "z", "aa", "a"];
    const map = new Map([...keys].reverse().map((key) => [key, 0]));
    // RFC 8949, 4.2.1 has these keys in this order
    assert.equal(bytesToHex(encodeCbor(map)), "a60a001864002000616100617a0062616100");
  });

  it("keeps a byte order mark: it is part of the text", () => {
    assert.equal(decodeCbor(hexToBytes("63efbbbf")), "\ufeff");
  });

  it("gives bytes that are not those of the token", () => {
    const token = hexToBytes("4401020304");
    const value = decodeCbor(token);
    token.fill(9);
    assert.deepEqual(value, hexToBytes("01020304"));
  });

  it("writes nothing that it would not read", () => {
    const deep = Array.from({ length: MAX_DEPTH + 1 }).reduce<CborValue>((inner) => [inner], 0);
    for (const value of [1.5, Number.NaN, 2 ** 53, "\ud800", deep, { tag: -1, value: 0 }])
      assert.throws(() => encodeCbor(value), CborError);
    assert.throws(() => encodeCbor(new Array<number>(MAX_ITEMS + 1).fill(0)), CborError);
  });

  it("gives back what it was given", () => {
    fc.assert(
      fc.property(anyCbor, (value) => {
        const bytes = encodeCbor(value);
        const again = decodeCbor(bytes);
        assert.deepEqual(encodeCbor(again), bytes);
        assert.deepEqual(again, value);
      }),
    );
  });

  it("reads any bytes as a value with just these bytes, or not at all", () => {
    const changed = fc
      .tuple(anyCbor, fc.nat(), fc.integer({ min: 0, max: 255 }))
      .map(([value, at, byte]) => {
        const bytes = encodeCbor(value);
        bytes[at % bytes.length] = byte;
        return bytes;
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 64 }), changed), (bytes) => {
        let value: CborValue;
        try {
          value = decodeCbor(bytes);
        } catch (error) {
          assert.ok(error instanceof CborError, String(error));
          return;
        }
        assert.deepEqual(encodeCbor(value), bytes);
      }),
      { numRuns: 2_000 },
    );
  });

  it("reads up to the largest token and no further", () => {
    const largest = new Uint8Array(MAX_TOKEN_BYTES - 5);
    assert.deepEqual(decodeCbor(encodeCbor(largest)), largest);
    assert.throws(() => decodeCbor(encodeCbor(new Uint8Array(MAX_TOKEN_BYTES - 4))), CborError);
  });
});
