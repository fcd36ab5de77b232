// SPDX-License-Identifier: Apache-2.0
// Columns of the list of workloads: which ones fit, how wide each is, and what stands in them.
import type { Span, Style } from "../screen/line.ts";
import { span } from "../screen/line.ts";
import { fitText, printable, textWidth } from "../screen/width.ts";
import { shortAge, shortCount, shortTime } from "./figures.ts";
import { type Listed, originText } from "./listed.ts";
import { p99Of, type Sort, type Watched } from "./state.ts";

/** What a cell depends on besides its row. */
export interface CellContext {
  readonly now: number;
  readonly micro: string;
}

export interface Column {
  readonly head: string;
  readonly width: number;
  readonly align: "left" | "right";
  readonly sort?: Sort;
  cell(row: Watched, context: CellContext): Span;
}

/** An event that is held that long is told as a time, and later as something bad. */
const HELD_SHOWN_MS = 1_000;
const HELD_BAD_MS = 5_000;
const SLOW_US = 10_000;
const MIN_NAME = 12;
const MAX_NAME = 28;
const MIN_COMMAND = 12;
const STATE_DIGITS = 8;
/** Stands where nothing is known. */
const NONE = "-";

export const MODE_STYLE: Readonly<Record<Listed["mode"], Style>> = {
  free: "free",
  detect: "detect",
  enforce: "enforce",
};

const known = (value: number | undefined, style: Style = "plain"): Span =>
  value === undefined
    ? span(NONE, "faint")
    : span(shortCount(value), value === 0 ? "faint" : style);

function speed({ listed, rate, endedAt }: Watched): Span {
  if (endedAt !== undefined) return span("ended", "faint");
  if (listed.status !== "running")
    return span(listed.status === "starting" ? "starts" : "ends", "warn");
  return known(rate);
}

function held({ listed, heldSince }: Watched, { now }: CellContext): Span {
  if (listed.held === undefined) return span(NONE, "faint");
  const ms = heldSince === undefined ? 0 : now - heldSince;
  if (ms >= HELD_SHOWN_MS) return span(shortAge(ms), ms >= HELD_BAD_MS ? "bad" : "warn");
  return listed.held ? span("now") : span(NONE, "faint");
}

function p99(row: Watched, { micro }: CellContext): Span {
  const us = p99Of(row);
  if (us === undefined) return span(NONE, "faint");
  // what was long ago is no news
  const news = us >= SLOW_US ? "warn" : "plain";
  return span(shortTime(us, micro), row.latelyUs === undefined ? "faint" : news);
}

/** "31/33": hooks that are held, of those that are seen. */
function holdsText({ fidelity }: Pick<Listed, "fidelity">): string {
  return fidelity === undefined ? NONE : `${fidelity.holds.length}/${fidelity.sees.length}`;
}

function age({ listed, endedAt }: Watched, { now }: CellContext): Span {
  return span(shortAge((endedAt ?? now) - Date.parse(listed.started)), "faint");
}

/** In the order in which they stand; `rank`: who leaves first when it gets narrow, the highest. */
const COLUMNS: readonly (Column & { readonly rank: number })[] = [
  {
    head: "MODE",
    width: 7,
    align: "left",
    rank: 1,
    cell: ({ listed }) => span(listed.mode, MODE_STYLE[listed.mode]),
  },
  { head: "SENSOR", width: 7, align: "left", rank: 6, cell: ({ listed }) => span(listed.sensor) },
  {
    head: "HOLDS",
    width: 5,
    align: "right",
    rank: 7,
    cell: ({ listed }) => span(holdsText(listed), "faint"),
  },
  { head: "EV/S", width: 6, align: "right", sort: "events/s", rank: 3, cell: speed },
  {
    head: "EVENTS",
    width: 6,
    align: "right",
    rank: 10,
    cell: ({ listed }) => known(listed.counts.events),
  },
  { head: "HELD", width: 5, align: "right", rank: 5, cell: held },
  { head: "P99", width: 6, align: "right", sort: "p99", rank: 4, cell: p99 },
  {
    head: "VIOL",
    width: 5,
    align: "right",
    sort: "violations",
    rank: 2,
    cell: ({ listed }) => known(listed.counts.violations, "bad"),
  },
  {
    head: "REFUS",
    width: 5,
    align: "right",
    rank: 12,
    cell: ({ listed }) => known(listed.counts.refused, "warn"),
  },
  {
    head: "LOST",
    width: 5,
    align: "right",
    rank: 8,
    cell: ({ listed }) => known(listed.counts.lost, "bad"),
  },
  {
    head: "POINTS",
    width: 6,
    align: "right",
    rank: 13,
    cell: ({ listed }) => known(listed.counts.points),
  },
  {
    head: "STATE",
    width: STATE_DIGITS,
    align: "left",
    rank: 9,
    cell: ({ listed }) => span(listed.state?.slice(0, STATE_DIGITS) ?? NONE, "faint"),
  },
  { head: "UP", width: 6, align: "right", sort: "started", rank: 11, cell: age },
];

/** The columns that fit into `width`; the name comes first, and what is left goes to it and to the command. */
export function columnsFor(width: number, rows: readonly Watched[]): readonly Column[] {
  const chosen = new Set<Column>();
  let used = Math.min(MIN_NAME, width);
  for (const column of [...COLUMNS].sort((a, b) => a.rank - b.rank)) {
    if (used + 1 + column.width > width) break;
    chosen.add(column);
    used += 1 + column.width;
  }
  const left = width - used;
  const command = chosen.size === COLUMNS.length && left > MIN_COMMAND;
  const longest = Math.max(0, ...rows.map(({ listed }) => textWidth(printable(listed.name))));
  // the name gets what it needs, and half of what there is where a command is shown, too
  const most = command ? Math.floor((left - MIN_COMMAND) / 2) : left;
  const wider = Math.max(0, Math.min(longest, MAX_NAME) - MIN_NAME);
  const more = Math.max(0, Math.min(most, wider));
  return [
    {
      head: "NAME",
      width: Math.min(MIN_NAME, width) + more,
      align: "left",
      sort: "name",
      cell: nameCell,
    },
    ...COLUMNS.filter((column) => chosen.has(column)),
    ...(command
      ? [{ head: "COMMAND", width: left - more - 1, align: "left" as const, cell: commandCell }]
      : []),
  ];
}

function nameCell({ listed, endedAt }: Watched): Span {
  return span(listed.name, endedAt === undefined ? "strong" : "faint");
}

function commandCell({ listed }: Watched): Span {
  return span(originText(listed), "faint");
}

/** The heads of the columns; the one that is sorted by is marked. */
export function headSpans(columns: readonly Column[], sort: Sort): Span[] {
  return columns.flatMap((column, i) => [
    span(i === 0 ? "" : " "),
    span(
      fitText(column.head, column.width, column.align),
      column.sort === sort ? "strong" : "plain",
    ),
  ]);
}

/** The cells of a row, each in its width. */
export function rowSpans(columns: readonly Column[], row: Watched, context: CellContext): Span[] {
  return columns.flatMap((column, i) => {
    const { text, style = "plain" } = column.cell(row, context);
    const shown = fitText(printable(text), column.width, column.align);
    return [span(i === 0 ? "" : " "), span(shown, row.endedAt === undefined ? style : "faint")];
  });
}

/** All columns, for output that is not cut. `rates`: also those that need two looks. */
export function plainColumns(rates: boolean): readonly Pick<Column, "head" | "align" | "cell">[] {
  const columns = COLUMNS.filter(({ head }) => rates || head !== "EV/S");
  return [
    { head: "NAME", align: "left", cell: nameCell },
    ...columns,
    { head: "COMMAND", align: "left", cell: commandCell },
  ];
}
