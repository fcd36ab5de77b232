// SPDX-License-Identifier: Apache-2.0
// Lines of a screen: texts with a meaning, and the one place that makes terminal sequences of them. Colours say what something means,
// and only add to what stands there in words.
import { asciiOnly, cutText, printable, textWidth } from "./width.ts";

/** What a text is, from which its look follows. */
export type Style =
  | "plain"
  | "strong"
  | "faint"
  | "good"
  | "warn"
  | "bad"
  | "free"
  | "detect"
  | "enforce"
  | "curve"
  | "key"
  | "bar"
  | "heads"
  | "chosen"
  | "alarm";

/** A piece of a line. Its text may be any: it is made printable when it is drawn. */
export interface Span {
  readonly text: string;
  readonly style?: Style;
}

/** A line; with `base` it is coloured over its whole width, and of its spans only the weight is kept. */
export interface Line {
  readonly spans: readonly Span[];
  readonly base?: Style;
}

/** SGR parameters (ECMA-48) by meaning, from the 16 colours that every theme has. */
const COLOURS: Readonly<Record<Style, string>> = {
  plain: "",
  strong: "1",
  faint: "2",
  good: "32",
  warn: "33",
  bad: "1;31",
  free: "36",
  detect: "33",
  enforce: "32",
  curve: "94",
  key: "30;46",
  bar: "1",
  heads: "30;42",
  chosen: "30;46",
  alarm: "1;37;41",
};
const WEIGHTS: Readonly<Partial<Record<Style, string>>> = {
  strong: "1",
  bad: "1",
  bar: "1",
  faint: "2",
  key: "7",
  heads: "7",
  chosen: "7",
  alarm: "1;7",
};
/** Of the spans in a line that is coloured as a whole. */
const HEAVY: ReadonlySet<Style> = new Set<Style>(["bad", "strong"]);

/** A line of spans. */
export function line(...spans: readonly (Span | string)[]): Line {
  return { spans: spans.map((span) => (typeof span === "string" ? { text: span } : span)) };
}

export const EMPTY: Line = { spans: [] };

/** Text with a style. */
export function span(text: string, style: Style = "plain"): Span {
  return { text, style };
}

/** Columns of a line. */
export function lineWidth({ spans }: Line): number {
  return spans.reduce((sum, { text }) => sum + textWidth(printable(text)), 0);
}

/** The text of a line without its styles, as much of it as fits. */
export function plainText({ spans }: Line, width: number): string {
  return clip(spans, width)
    .map(({ text }) => text)
    .join("");
}

/** `left` and `right` at the two ends of a line; what is too much is cut off the left one. */
export function spread(left: readonly Span[], right: readonly Span[], width: number): Line {
  const end = lineWidth({ spans: right });
  const room = width - end;
  if (room <= 0) return { spans: clip(left, width) };
  const begin = clip(left, Math.max(0, room - 1));
  const gap = room - lineWidth({ spans: begin });
  return { spans: [...begin, span(" ".repeat(gap)), ...right] };
}

/** The first `width` columns of spans, printable. */
function clip(spans: readonly Span[], width: number): Span[] {
  const kept: Span[] = [];
  let room = width;
  for (const { text, style = "plain" } of spans) {
    const whole = printable(text);
    const size = textWidth(whole);
    kept.push({ text: size <= room ? whole : cutText(whole, room), style });
    room -= size;
    if (room < 0) break;
  }
  return kept;
}

/** What a terminal can show. */
export interface Abilities {
  readonly colours: boolean;
  readonly utf8: boolean;
}

/**
 * A line as it is written to a terminal of `width` columns. No other sequence than those of the styles leaves here, whatever the spans
 * hold. Shorter lines end with "erase to the end of the line".
 */
export function drawn(shown: Line, width: number, { colours, utf8 }: Abilities): string {
  const spans = clip(shown.spans, width);
  const { base } = shown;
  const rest = width - lineWidth({ spans });
  const text = spans
    .map(({ text: own, style = "plain" }) =>
      sequence(utf8 ? own : asciiOnly(own), styleCode(style, base, colours)),
    )
    .join("");
  if (base !== undefined)
    return text + sequence(" ".repeat(rest), styleCode("plain", base, colours));
  return rest > 0 ? `${text}\u001b[K` : `\u001b[2K${text}`;
}

function styleCode(style: Style, base: Style | undefined, colours: boolean): string {
  const own = colours ? COLOURS[style] : (WEIGHTS[style] ?? "");
  const whole = base === undefined ? "" : colours ? COLOURS[base] : (WEIGHTS[base] ?? "");
  if (whole === "") return own;
  return HEAVY.has(style) ? `${whole};1` : whole;
}

function sequence(text: string, code: string): string {
  return code === "" || text === "" ? text : `\u001b[${code}m${text}\u001b[m`;
}
