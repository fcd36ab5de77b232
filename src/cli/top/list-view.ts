// SPDX-License-Identifier: Apache-2.0
// The list of workloads, as lines.
import { count, plural } from "../../base/counts.ts";
import { quote } from "../../base/quote.ts";
import { EMPTY, type Line, line, type Span, span, spread } from "../screen/line.ts";
import { columnsFor, headSpans, MODE_STYLE, rowSpans } from "./columns.ts";
import { curve, shortCount } from "./figures.ts";
import { footLine, goneLine, microOf } from "./frame-lines.ts";
import { chosenRow, shownRows, type TopState, type Watched, windowStart } from "./state.ts";

/** Lower screens show no line of sums. */
const SUMS_FROM_ROWS = 14;
/** Narrower screens do not name themselves. */
const NARROW = 50;
/** The sums without the curve of events take so many columns, with room for long ones. */
const SUMS_COLUMNS = 56;
const MIN_CURVE = 8;
const MAX_CURVE = 60;
const MODES = ["free", "detect", "enforce"] as const;

export function listView(state: TopState): Line[] {
  const { size, rows, sort, reverse } = state;
  const columns = columnsFor(size.columns, rows);
  const heads = headSpans(columns, sort);
  const gone = goneLine(state);
  const top = [
    titleLine(state),
    ...(hasSums(state) ? [sumsLine(state)] : []),
    ...(gone === undefined ? [] : [gone]),
    { spans: heads, base: "heads" as const },
  ];
  const height = Math.max(0, size.rows - top.length - 1);
  const body = bodyLines(state, height, (row) =>
    rowSpans(columns, row, { now: state.now, micro: microOf(state) }),
  );
  return [...top, ...body, footLine(state, KEYS(sort, reverse))];
}

const KEYS = (sort: string, reverse: boolean): readonly (readonly [string, string])[] => [
  ["Enter", "open"],
  ["/", "filter"],
  ["?", "help"],
  ["k", "kill"],
  ["s", `sort: ${sort}${reverse ? ", reversed" : ""}`],
  ["q", "quit"],
];

function alive({ rows }: TopState): readonly Watched[] {
  return rows.filter(({ endedAt }) => endedAt === undefined);
}

function titleLine(state: TopState): Line {
  const live = alive(state);
  const narrow = state.size.columns < NARROW;
  const facts = hasSums(state) ? modeSpans(live) : violationSpans(live);
  const filtered = state.filter === "" ? [] : [span("  "), span(`filter: ${state.filter}`, "warn")];
  return spread(
    [
      span(narrow ? "" : "galgo  ", "bar"),
      span(plural(live.length, "workload")),
      ...facts,
      ...filtered,
    ],
    [span(clock(state.now), "faint")],
    state.size.columns,
  );
}

function modeSpans(live: readonly Watched[]): Span[] {
  return MODES.flatMap((mode): Span[] => {
    const number = live.filter(({ listed }) => listed.mode === mode).length;
    return number === 0 ? [] : [span("  "), span(`${number} ${mode}`, MODE_STYLE[mode])];
  });
}

function violationSpans(live: readonly Watched[]): Span[] {
  const violations = live.reduce((sum, { listed }) => sum + (listed.counts.violations ?? 0), 0);
  return violations === 0 ? [] : [span("  "), span(`${shortCount(violations)} violations`, "bad")];
}

function hasSums({ size }: TopState): boolean {
  return size.rows >= SUMS_FROM_ROWS;
}

/** Local time of day. */
export function clock(ms: number): string {
  const time = new Date(ms);
  return [time.getHours(), time.getMinutes(), time.getSeconds()]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");
}

function sumsLine(state: TopState): Line {
  const live = alive(state);
  const sum = (of: (row: Watched) => number | undefined): number =>
    live.reduce((total, row) => total + (of(row) ?? 0), 0);
  const violations = sum(({ listed }) => listed.counts.violations);
  const refused = sum(({ listed }) => listed.counts.refused);
  const lost = sum(({ listed }) => listed.counts.lost);
  const columns = Math.min(MAX_CURVE, state.size.columns - SUMS_COLUMNS);
  const rates =
    columns < MIN_CURVE ? "" : `${curve(sumOfRates(live, columns), columns, state.utf8)} `;
  return line(
    span("events/s ", "faint"),
    span(rates, "curve"),
    span(shortCount(sum(({ rate }) => rate)).padEnd(5)),
    span("  violations ", "faint"),
    span(count(violations), violations > 0 ? "bad" : "plain"),
    span("  refused ", "faint"),
    span(count(refused), refused > 0 ? "warn" : "plain"),
    span("  lost ", "faint"),
    span(count(lost), lost > 0 ? "bad" : "plain"),
  );
}

/** Sums of the last samples of all rows, the newest last. */
function sumOfRates(rows: readonly Watched[], length: number): (number | undefined)[] {
  return Array.from({ length }, (_, i) => {
    const values = rows.flatMap(({ rates }) => rates.at(i - length) ?? []);
    return values.length === 0 ? undefined : values.reduce((total, value) => total + value, 0);
  });
}

function bodyLines(state: TopState, height: number, cells: (row: Watched) => Span[]): Line[] {
  const rows = shownRows(state);
  const at = chosenRow(state)?.at ?? 0;
  if (rows.length === 0) return filled(emptyLines(state), height);
  const start = windowStart(at, rows.length, height);
  const shown = rows.slice(start, start + height).map((row, i): Line => {
    const spans = cells(row);
    return start + i === at ? { spans, base: "chosen" } : { spans };
  });
  return filled(shown, height);
}

function emptyLines({ lookedAt, filter, rows, daemon, only }: TopState): Line[] {
  if (lookedAt === undefined) return [EMPTY, line(span("  looking ...", "faint"))];
  if (filter !== "" && rows.length > 0)
    return [EMPTY, line("  nothing matches the filter; ", span("Esc clears it", "faint"))];
  return [
    EMPTY,
    line(`  ${noWorkload(only)}`),
    line(
      span(
        daemon.kind === "none"
          ? "  no daemon runs here; what galgo run starts shows up by itself"
          : "  what galgo run and containers start shows up by itself",
        "faint",
      ),
    ),
  ];
}

/** What is said when there is nothing to list. @param only name or id that was asked for */
export function noWorkload(only: string | undefined): string {
  return only === undefined ? "no workload runs" : `no workload ${quote(only)} runs`;
}

/** Exactly `height` lines. */
export function filled(lines: readonly Line[], height: number): Line[] {
  return Array.from({ length: height }, (_, i) => lines[i] ?? EMPTY);
}
