// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { anyText } from "../../../test/helpers/any-event.ts";
import { frame } from "./frame.ts";
import { KeyReader } from "./keys.ts";
import { drawn, line, lineWidth, plainText, span, spread } from "./line.ts";
import { cutText, fitText, printable, textWidth, wrapText } from "./width.ts";

const COLOURED = { colours: true, utf8: true };
const PLAIN = { colours: false, utf8: true };

describe("printable", () => {
  const cases: [string, string, string][] = [
    ["leaves plain text alone", "/usr/bin/cat -n", "/usr/bin/cat -n"],
    ["leaves letters of other scripts alone", "Grüße 日本語 naïve", "Grüße 日本語 naïve"],
    ["spells out escape sequences", "a\u001b[2Jb", "a\\x1b[2Jb"],
    ["spells out C1 controls", "a\u009b2Jb", "a\\u{9b}2Jb"],
    ["spells out directions", "gpj.\u202eexe", "gpj.\\u{202e}exe"],
    ["spells out letters written from right to left", "aאb", "a\\u{5d0}b"],
    ["spells out joiners and variation selectors", "a\u200db\ufe0f", "a\\u{200d}b\\u{fe0f}"],
    ["spells out fillers, which are invisible", "a\u3164b\u00adc", "a\\u{3164}b\\u{ad}c"],
    ["lets two marks stand on a letter", "e\u0301\u0302\u0303", "e\u0301\u0302\\u{303}"],
    ["spells out marks without a letter", "\u0301a \u0301", "\\u{301}a \\u{301}"],
    ["spells out lone surrogates", "a\udc80", "a\\u{dc80}"],
    ["spells out symbols that are wide to some", "a\u2630\u3248b", "a\\u{2630}\\u{3248}b"],
    ["spells out line ends", "a\r\nb", "a\\xd\\xab".replace("\\xd\\xa", "\\x0d\\x0a")],
  ];
  for (const [title, text, expected] of cases) {
    it(title, () => assert.equal(printable(text), expected));
  }

  it("leaves nothing for a terminal to interpret, and is stable", () => {
    fc.assert(
      fc.property(fc.oneof(anyText, fc.string({ unit: "binary" })), (text) => {
        const shown = printable(text);
        assert.doesNotMatch(shown, /[\p{C}\p{DI}\p{Zl}\p{Zp}]/u);
        assert.equal(printable(shown), shown);
      }),
    );
  });
});

describe("widths", () => {
  const cases: [string, number][] = [
    ["abc", 3],
    ["日本", 4],
    ["e\u0301", 1],
    ["한글", 4],
    ["🦊", 2],
    ["ｗ", 2],
    ["ﾊ", 1],
    ["\u2329\u232a", 4],
    ["", 0],
  ];
  for (const [text, width] of cases) {
    it(`${JSON.stringify(text)} takes ${width}`, () => assert.equal(textWidth(text), width));
  }

  it("are kept by cutting and filling", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.nat(30), (text, width) => {
        const shown = printable(text);
        assert.ok(textWidth(cutText(shown, width)) <= width);
        assert.equal(textWidth(fitText(shown, width)), width);
        assert.equal(textWidth(fitText(shown, width, "right")), width);
      }),
    );
  });

  it("of wide characters are never cut in the middle", () => {
    assert.equal(cutText("日本語", 4), "日~");
    assert.equal(fitText("日本語", 4), "日~ ");
    assert.equal(cutText("日本語", 0), "");
  });

  it("hold for wrapped text, of which nothing is lost", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", maxLength: 80 }),
        fc.integer({ min: 8, max: 30 }),
        (text, width) => {
          const shown = printable(text);
          const lines = wrapText(shown, width, "  ");
          for (const one of lines) assert.ok(textWidth(one) <= width, one);
          assert.equal(lines.join("").replaceAll(" ", ""), shown.replaceAll(" ", ""));
        },
      ),
    );
  });
});

describe("a drawn line", () => {
  it("takes exactly its width when it is coloured as a whole", () => {
    const shown = drawn({ spans: [span("ab", "bad")], base: "chosen" }, 5, COLOURED);
    assert.equal(shown, "\u001b[30;46;1mab\u001b[m\u001b[30;46m   \u001b[m");
  });

  it("has no colour without colours, and still shows what is chosen", () => {
    assert.equal(drawn(line(span("ab", "enforce"), "cd"), 4, PLAIN), "\u001b[2Kabcd");
    assert.equal(
      drawn({ spans: [span("a")], base: "chosen" }, 2, PLAIN),
      "\u001b[7ma\u001b[m\u001b[7m \u001b[m",
    );
  });

  it("holds no sequence but those of styles, whatever its text", () => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what the styles are
    const ours = /\u001b\[(?:K|2K|[\d;]*m)/gu;
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 20 }), (text, width) => {
        const shown = drawn(line(span(text, "bad"), text), width, COLOURED).replace(ours, "");
        assert.doesNotMatch(shown, /\p{C}/u);
        assert.ok(textWidth(shown) <= width);
      }),
    );
  });

  it("has only ASCII where the terminal takes no UTF-8, and is as wide as before", () => {
    const shown = drawn(line("Û31m 日本"), 9, { colours: false, utf8: false });
    assert.equal(shown, "\u001b[2K?31m ????");
  });

  it("keeps what stands at its right end", () => {
    const shown = spread([span("a long beginning")], [span("end")], 12);
    assert.equal(plainText(shown, 80), "a long ~ end");
    assert.equal(lineWidth(shown), 12);
  });
});

describe("frame", () => {
  it("writes only the rows that differ", () => {
    assert.equal(frame(["a", "b"], ["a", "b"]), "");
    assert.equal(frame(["a", "b"], ["a", "c"]), "\u001b[?2026h\u001b[2;1Hc\u001b[?2026l");
  });

  it("clears rows that are no more", () => {
    assert.equal(frame(["a", "b"], ["a"]), "\u001b[?2026h\u001b[2;1H\u001b[J\u001b[?2026l");
  });
});

describe("keys", () => {
  const read = (...parts: string[]): string[] => {
    const keys = new KeyReader();
    return [...parts.flatMap((part) => keys.push(part)), ...keys.flush()];
  };
  const cases: [string, string[], string[]][] = [
    ["characters", ["aé日"], ["a", "é", "日"]],
    ["cursor keys in both modes", ["\u001b[A\u001bOB"], ["up", "down"]],
    ["a sequence in pieces", ["\u001b", "[", "5", "~"], ["pageup"]],
    ["a lone ESC", ["\u001b"], ["escape"]],
    ["ESC before another key", ["\u001bq"], ["escape", "q"]],
    ["ESC twice", ["\u001b\u001b"], ["escape", "escape"]],
    [
      "control characters",
      ["\r\u0003\u001a\u007f"],
      ["enter", "interrupt", "suspend", "backspace"],
    ],
    ["unknown sequences are no keys", ["\u001b[99;5zx"], ["x"]],
    ["a sequence that never ends is dropped", [`\u001b[${"1".repeat(40)}`, "q"], ["q"]],
  ];
  for (const [title, parts, expected] of cases) {
    it(`are told: ${title}`, () => assert.deepEqual(read(...parts), expected));
  }
});
