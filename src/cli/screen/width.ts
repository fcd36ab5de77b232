// SPDX-License-Identifier: Apache-2.0
// How many columns of a terminal a text takes, and text made fit for one: what terminals draw in different ways (or not at all) is
// spelled out, so that no name moves, hides or reorders what stands beside it.

/** Columns that are two wide: East Asian Width W and F (Unicode 16, TR 11), runs of unassigned characters included. */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2329, 0x232a],
  [0x2e80, 0x303e],
  [0x3041, 0x3247],
  [0x3250, 0x4dbf],
  [0x4e00, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18dff],
  [0x1aff0, 0x1b2ff],
  [0x1f200, 0x1f2ff],
  [0x20000, 0x3fffd],
];
const EMOJI = /^\p{Emoji_Presentation}$/u;
const MARK = /^\p{M}$/u;
const SPACING_MARK = /^\p{Mc}$/u;
const ASCII = /^[\x20-\x7e]*$/;

/**
 * What is spelled out: control, format and unassigned characters, separators but the blank, what is invisible, marks that enclose,
 * letters that are written from right to left (a terminal that reorders would move their neighbours), parts of emoji and Hangul
 * sequences, of which terminals make one or several, and symbols that are wide to some of them (ambiguous, or wide since Unicode 16).
 */
const UNFIT =
  /[\p{C}\p{Zl}\p{Zp}\p{DI}\p{Me}\u{590}-\u{8ff}\u{fb1d}-\u{fdff}\u{fe70}-\u{feff}\u{10800}-\u{10fff}\u{1e800}-\u{1efff}\u{1f1e6}-\u{1f1ff}\u{1f3fb}-\u{1f3ff}\u{2630}-\u{2637}\u{268a}-\u{268f}\u{3248}-\u{324f}\u{4dc0}-\u{4dff}\u{1d300}-\u{1d37f}\u{1160}-\u{11ff}\u{d7b0}-\u{d7ff}]|(?! )\p{Zs}/gu;
/** Marks that may stand on one letter; more of them reach into other rows. */
const MAX_MARKS = 2;
const MARKS = new RegExp(`(^| |\\p{M}{${MAX_MARKS}})(\\p{M}+)`, "gu");

/** Ends a text that was cut. */
export const DOTS = "~";

/** `text` with everything spelled out (`\u{202e}`) that a terminal could draw in a way of its own. Doing it again changes nothing. */
export function printable(text: string): string {
  if (ASCII.test(text)) return text;
  return text
    .replace(UNFIT, spelled)
    .replace(
      MARKS,
      (_all, before: string, marks: string) => before + Array.from(marks, spelled).join(""),
    );
}

function spelled(char: string): string {
  const point = char.codePointAt(0) ?? 0;
  return point < 0x80 ? `\\x${point.toString(16).padStart(2, "0")}` : `\\u{${point.toString(16)}}`;
}

/** Columns of a character that `printable` lets through. */
function charWidth(char: string): number {
  const point = char.codePointAt(0) ?? 0;
  if (point < 0x300) return 1;
  if (MARK.test(char)) return SPACING_MARK.test(char) ? 1 : 0;
  if (EMOJI.test(char)) return 2;
  return WIDE.some(([from, to]) => point >= from && point <= to) ? 2 : 1;
}

/** Columns that printable text takes. */
export function textWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const char of text) width += charWidth(char);
  return width;
}

/** Printable text for a terminal that does not take UTF-8: in 8-bit character sets bytes of it could be controls. As wide as before. */
export function asciiOnly(text: string): string {
  if (ASCII.test(text)) return text;
  return Array.from(text, (char) => (ASCII.test(char) ? char : "?".repeat(charWidth(char)))).join(
    "",
  );
}

/** At most `width` columns of printable text; `end` stands for what was cut off. */
export function cutText(text: string, width: number, end: string = DOTS): string {
  if (textWidth(text) <= width) return text;
  const room = width - end.length;
  if (room < 0) return "";
  if (ASCII.test(text)) return text.slice(0, room) + end;
  let used = 0;
  let kept = "";
  for (const char of text) {
    used += charWidth(char);
    if (used > room) break;
    kept += char;
  }
  return kept + end;
}

/** Printable text in exactly `width` columns: cut, or filled with blanks at its end (`right`: at its begin). */
export function fitText(text: string, width: number, align: "left" | "right" = "left"): string {
  const shown = cutText(text, width);
  const fill = " ".repeat(Math.max(0, width - textWidth(shown)));
  return align === "left" ? shown + fill : fill + shown;
}

/** Printable text in lines of at most `width` columns, broken at blanks where there are any; later lines begin with `indent`. */
export function wrapText(text: string, width: number, indent = ""): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/(?<= )/u)) {
    for (const piece of pieces(word, Math.max(1, width - indent.length))) {
      if (textWidth((line + piece).trimEnd()) > width && line.trim() !== "") {
        lines.push(line.trimEnd());
        line = indent;
      }
      line += piece;
    }
  }
  return [...lines, line.trimEnd()];
}

/** A word that is longer than a line, in parts. */
function pieces(word: string, width: number): string[] {
  if (textWidth(word.trimEnd()) <= width) return [word];
  const parts: string[] = [];
  let part = "";
  for (const char of word) {
    if (textWidth(part + char) > width) {
      parts.push(part);
      part = "";
    }
    part += char;
  }
  return [...parts, part];
}
