// SPDX-License-Identifier: Apache-2.0
// The list of workloads as text, for pipes and for `galgo ps`: a line each, nothing cut.
import { table } from "../render.ts";
import type { Painter } from "../render.ts";
import type { Style } from "../screen/line.ts";
import { printable } from "../screen/width.ts";
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
  const cells = rows.map((row) =>
    columns.map((column) => {
      const { text, style = "plain" } = column.cell(row, context);
      return painted(printable(text), style, paint);
    }),
  );
  return table([columns.map(({ head }) => head), ...cells]);
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
