// SPDX-License-Identifier: Apache-2.0
// The list of workloads as text, for pipes and for `galgo ps`: a line each, nothing cut.
import type { Painter } from "../render.ts";
import type { Style } from "../screen/line.ts";
import { fitText, printable, textWidth } from "../screen/width.ts";
import { plainColumns } from "./columns.ts";
import type { Watched } from "./state.ts";

export interface PlainOptions {
  readonly now: number;
  /** Also what needs two looks: events a second. */
  readonly rates: boolean;
  readonly paint: Painter;
}

/** A table with a line of heads. */
export function plainTable(rows: readonly Watched[], { now, rates, paint }: PlainOptions): string {
  const columns = plainColumns(rates);
  const context = { now, micro: "u" };
  const cells = rows.map((row) => columns.map((column) => column.cell(row, context)));
  const texts = cells.map((row) => row.map(({ text }) => printable(text)));
  const widths = columns.map(({ head }, at) =>
    Math.max(head.length, ...texts.map((row) => textWidth(row[at] ?? ""))),
  );
  const line = (words: readonly string[], styles: readonly (Style | undefined)[]): string =>
    words
      .map((word, at) => {
        const fitted = fitText(word, widths[at] ?? 0, columns[at]?.align);
        return painted(fitted, styles[at] ?? "plain", paint);
      })
      .join("  ")
      .trimEnd();
  return [
    line(
      columns.map(({ head }) => head),
      [],
    ),
    ...texts.map((words, at) => line(words, cells[at]?.map(({ style }) => style) ?? [])),
  ].join("\n");
}

function painted(text: string, style: Style, paint: Painter): string {
  switch (style) {
    case "bad":
      return paint.red(text);
    case "warn":
    case "detect":
      return paint.yellow(text);
    case "enforce":
      return paint.green(text);
    case "free":
      return paint.cyan(text);
    default:
      return text;
  }
}
