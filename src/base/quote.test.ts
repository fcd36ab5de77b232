// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { quote } from "./quote.ts";

describe("quote", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["/etc/shadow", "/etc/shadow"],
    ["/home/josé/café", "/home/josé/café"],
    ["", '""'],
    ["two words", '"two words"'],
    ['say "hi"', '"say \\"hi\\""'],
    ["back\\slash", '"back\\\\slash"'],
    ["line\nbreak\ttab\r", '"line\\nbreak\\ttab\\r"'],
    ["\u001b[2J", '"\\x1b[2J"'],
    ["nul\0", '"nul\\x00"'],
    ["\u009b31m", '"\\u{9b}31m"'],
    ["\u202egnp.exe", '"\\u{202e}gnp.exe"'],
    ["\u2066x", '"\\u{2066}x"'],
    ["a\u200bb", '"a\\u{200b}b"'],
    ["a\u2028b", '"a\\u{2028}b"'],
    ["a\u00a0b", '"a\\u{a0}b"'],
    ["caf\udce9", '"caf\\xe9"'],
    ["\ud800", '"\\u{d800}"'],
    ["\u{e0041}", '"\\u{e0041}"'],
    ["😀", "😀"],
  ];
  for (const [text, shown] of cases) {
    it(`shows ${JSON.stringify(text)} as ${shown}`, () => assert.equal(quote(text), shown));
  }

  it("cuts long text, never inside a character", () => {
    assert.equal(quote("abcdef", 3), '"abc..."');
    assert.equal(quote("ab😀", 3), '"ab..."');
    assert.equal(quote("abc", 3), "abc");
    assert.ok(quote("x".repeat(10_000)).length < 600);
  });

  it("never lets a control, invisible or broken character through", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string(), (a, b) => {
        assert.doesNotMatch(quote(a + b), /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      }),
      { numRuns: 1000 },
    );
  });

  it("shows different texts differently", () => {
    const nasty = fc.array(
      fc.constantFrom("\\", '"', "n", "\n", "x", "1", "b", "\u001b", " ", "\udc80", "\u0080"),
    );
    fc.assert(
      fc.property(nasty, nasty, (a, b) => {
        if (a.join("") !== b.join("")) assert.notEqual(quote(a.join("")), quote(b.join("")));
      }),
      { numRuns: 3000 },
    );
  });
});
