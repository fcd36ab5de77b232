// SPDX-License-Identifier: Apache-2.0
// Untrusted text made fit for a terminal, a log line or an error message: one line, no control sequence, no direction trick.

const DEFAULT_MAX = 512;
/** A word that needs no quotation marks and no escapes. */
const PLAIN = /^[\p{L}\p{M}\p{N}\p{P}\p{S}]+$/u;
const MARKS = /["\\\u201c\u201d]/;
/** Control, format (bidi and zero width among them), separators other than the blank, lone surrogates, private use, unassigned. */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}\p{Zs}"\\]/gu;
const SHORT: Readonly<Record<string, string>> = {
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  '"': '\\"',
  "\\": "\\\\",
  " ": " ",
};

/**
 * Printable form of untrusted text. A plain word stays as it is; anything else stands in double quotes, with control, invisible
 * and direction-changing characters escaped: `\n`, `\xNN` (one byte), `\u{NNNN}` (a character).
 * Bytes that are not UTF-8 (lone surrogates, see path-text.ts) are `\xNN` as well.
 * @param max at most that many UTF-16 units of `text` are shown; what is cut is replaced by "...".
 */
export function quote(text: string, max: number = DEFAULT_MAX): string {
  const shown = text.length > max ? cut(text, max) : text;
  if (shown === text && PLAIN.test(text) && !MARKS.test(text)) return text;
  const dots = shown === text ? "" : "...";
  return `"${shown.replace(UNSAFE, escaped)}${dots}"`;
}

function cut(text: string, max: number): string {
  const last = text.charCodeAt(max - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? max - 1 : max);
}

function escaped(char: string): string {
  const short = SHORT[char];
  if (short !== undefined) return short;
  const point = char.codePointAt(0) ?? 0;
  if (point < 0x80) return `\\x${point.toString(16).padStart(2, "0")}`;
  if (point >= 0xdc80 && point <= 0xdcff) return `\\x${(point - 0xdc00).toString(16)}`;
  return `\\u{${point.toString(16)}}`;
}
