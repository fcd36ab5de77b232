// SPDX-License-Identifier: Apache-2.0
// Text and numbers as the console shows them.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ago, brief, bytes, labelsText, shown } from "./shown.ts";

describe("what the console shows", () => {
  it("leaves plain text as it is", () => {
    for (const text of ["nginx", "opens /etc/passwd for reading", "ümlaut", "<b>&amp;</b>"])
      assert.equal(shown(text), text);
  });

  it("makes visible what could not be seen", () => {
    assert.equal(shown("a\u202eb"), '"a\\u{202e}b"');
    assert.equal(shown("line\nbreak"), '"line\\nbreak"');
    assert.equal(shown("zero\u200bwidth"), '"zero\\u{200b}width"');
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        (text) => !/[\p{C}\p{Zl}\p{Zp}]/u.test(shown(text)),
      ),
    );
  });

  it("says how long ago, and how much", () => {
    assert.equal(ago(1_000, 1_200), "now");
    assert.equal(ago(0, 59_400), "59 s");
    assert.equal(ago(0, 3 * 3_600_000), "3 h");
    assert.equal(ago(5_000, 0), "now");
    assert.equal(brief(60_000), "60 k");
    assert.equal(brief(9_999), "9,999");
    assert.equal(bytes(4_500), "4.5 kB");
    assert.equal(labelsText({ a: "b", c: "d\n" }), 'a=b, c="d\\n"');
  });
});
