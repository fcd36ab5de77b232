// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { SignatureError } from "../signed/errors.ts";
import { MAX_JSON_DEPTH, MAX_JSON_PARTS } from "../signed/limits.ts";
import { parseStrictJson, parseStrictJsonBytes } from "./strict-json.ts";

const parse = (text: string): unknown => parseStrictJson(text, "x.json");

describe("strict JSON", () => {
  it("reads what JSON.parse reads", () => {
    fc.assert(
      fc.property(fc.json(), fc.integer({ min: 0, max: 3 }), (text, indent) => {
        const spread = JSON.stringify(JSON.parse(text), null, indent);
        assert.deepEqual(parse(spread), JSON.parse(text));
      }),
    );
  });

  it("takes any text without anything but an answer or a refusal", () => {
    const text = fc.string({ unit: fc.constantFrom(...'{}[]":,\\ua0 1t'), maxLength: 40 });
    fc.assert(
      fc.property(text, (given) => {
        try {
          assert.deepEqual(parse(given), JSON.parse(given));
        } catch (error) {
          assert.ok(error instanceof SignatureError, String(error));
          assert.equal(error.code, "BAD_JSON");
        }
      }),
      { numRuns: 3_000 },
    );
  });

  for (const [what, text] of [
    ["plainly", '{"a":1,"a":1}'],
    ["with white space", '{"a" : 1, "b": 2,\n"a"\t\n:3}'],
    ["spelt with an escape", '{"a":1,"\\u0061":2}'],
    ["deep inside", '[[{"x":{"q\\"":[],"q\\"":{}}}]]'],
    ["after an object in between", '{"a":{"b":1},"a":2}'],
    ["after an array in between", '{"a":["a","a"],"a":2}'],
  ] as const) {
    it(`refuses a key that is there twice, ${what}`, () => {
      assert.throws(() => parse(text), /^SignatureError: x\.json has the key .* twice$/);
    });
  }

  it("takes the same key in two objects, and the same text twice in an array", () => {
    const text = '{"a":[{"b":"b"},{"b":"b"},"b","b"],"b":"a"}';
    assert.deepEqual(parse(text), JSON.parse(text));
  });

  it("refuses so many parts that nobody has time for them, and not the names in a long list", () => {
    const members = Array.from({ length: MAX_JSON_PARTS / 2 - 2 }, () => '{"a":0}').join();
    assert.ok(parse(`{"a":[${members},[]]}`));
    for (const text of [`{"a":[${members},[],[]]}`, `{"a":[${members},[]],"b":0}`]) {
      assert.throws(() => parse(text), /has more than 2000000 objects, arrays and members/);
    }
    assert.ok(parse(`[${'"a",'.repeat(MAX_JSON_PARTS)}0]`));
  });

  it("refuses nesting without end, however long", () => {
    const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
    assert.ok(Array.isArray(parse(nested(MAX_JSON_DEPTH))));
    for (const depth of [MAX_JSON_DEPTH + 1, 1_000_000]) {
      assert.throws(() => parse(nested(depth)), /nested more than 64 levels/);
    }
  });

  it("refuses bytes that are not UTF-8, and a mark in front", () => {
    const of = (...bytes: number[]): unknown =>
      parseStrictJsonBytes(Uint8Array.from(bytes), "x.json");
    assert.equal(of(0x31), 1);
    assert.throws(() => of(0x22, 0xff, 0x22), /x\.json is not UTF-8/);
    assert.throws(() => of(0xef, 0xbb, 0xbf, 0x31), { code: "BAD_JSON" });
  });
});
