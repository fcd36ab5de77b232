// SPDX-License-Identifier: Apache-2.0
// One workload in whole, as lines: what is known of it, curves, and its records in words.
import { count } from "../../base/counts.ts";
import { quote } from "../../base/quote.ts";
import { EMPTY, type Line, line, type Span, type Style, span, spread } from "../screen/line.ts";
import { cutText, printable, textWidth } from "../screen/width.ts";
import { MODE_STYLE } from "./columns.ts";
import { curve, shortAge, shortCount, shortTime } from "./figures.ts";
import { footLine, goneLine, goneRows, microOf } from "./frame-lines.ts";
import { originText } from "./listed.ts";
import { filled } from "./list-view.ts";
import type { RecordView, RecordWords } from "./record-view.ts";
import {
  LISTS,
  type ListName,
  openedRow,
  type TopState,
  type Watched,
  windowStart,
  type WorkloadView,
} from "./state.ts";

const LABEL = 10;
const CURVE_COLUMNS = 24;
const DIGITS = 16;
/** From so many columns on, the whole chain of programs stands before what was done. */
const CHAIN_FROM_COLUMNS = 110;

const ORIGINS = { command: "command", container: "container", attached: "joined" } as const;

const KEYS = (list: ListName): readonly (readonly [string, string])[] => [
  ["Enter", list === "forensics" ? "why" : "open"],
  ["Tab", "other list"],
  ["f", "follow"],
  ["/", "filter"],
  ["k", "kill"],
  ["Esc", "back"],
];

export function workloadView(state: TopState, view: WorkloadView): Line[] {
  const { size } = state;
  const row = openedRow(state);
  const gone = goneLine(state);
  const facts = row === undefined ? [line("  it has ended")] : factLines(state, row);
  const top = [
    titleLine(state, row),
    ...facts.slice(0, factsThatFit(size.rows)),
    ...(gone === undefined ? [] : [gone]),
    tabsLine(state, view),
  ];
  const height = Math.max(0, size.rows - top.length - 1);
  return [...top, ...recordLines(state, view, height), footLine(state, KEYS(view.list))];
}

function factsThatFit(rows: number): number {
  if (rows >= 22) return 8;
  return rows >= 15 ? 5 : rows >= 9 ? 2 : 0;
}

/** Rows of records that a screen of that size shows. */
export function recordRows(state: TopState): number {
  return Math.max(1, state.size.rows - 3 - factsThatFit(state.size.rows) - goneRows(state));
}

function titleLine({ size, now }: TopState, row: Watched | undefined): Line {
  if (row === undefined) return line(span("galgo", "bar"));
  const { listed, endedAt } = row;
  const up = shortAge((endedAt ?? now) - Date.parse(listed.started));
  const status =
    endedAt !== undefined
      ? span(`ended after ${up}`, "warn")
      : span(`${listed.status} for ${up}`, "faint");
  return spread(
    [
      span("galgo", "bar"),
      span(" > ", "faint"),
      span(listed.name, "strong"),
      span("  "),
      span(listed.mode, MODE_STYLE[listed.mode]),
      ...(listed.sealed === true && listed.mode === "free" ? [span(" sealed", "warn")] : []),
    ],
    [status],
    size.columns,
  );
}

const fact = (label: string, ...spans: readonly (Span | string)[]): Line =>
  line(span(label.padEnd(LABEL), "faint"), ...spans);

/** The most important ones first. */
function factLines(state: TopState, row: Watched): Line[] {
  const { listed } = row;
  const { origin, owner, model } = listed;
  const pid = "pid" in origin ? `  pid ${origin.pid}` : "";
  const uid = owner === undefined ? "" : `  uid ${owner}`;
  const alone =
    listed.via === "alone" ? `  runs without the daemon, under galgo ${listed.galgoPid}` : "";
  const digest = model?.digest === undefined ? "" : `  ${model.digest.slice(0, DIGITS)}`;
  return [
    fact("counts", ...countSpans(row)),
    fact("decisions", ...decisionSpans(state, row)),
    fact("latency", ...latencySpans(state, row)),
    fact(ORIGINS[origin.kind], originText(listed), span(`${pid}${uid}${alone}`, "faint")),
    fact(
      "model",
      model === undefined
        ? span("none: everything is recorded, nothing is refused", "faint")
        : quote(model.file, 200),
      span(
        `${digest}${model === undefined ? "" : `  on violation: ${listed.onViolation}`}`,
        "faint",
      ),
    ),
    fact("sensor", listed.sensor, span(sensorText(listed), "faint")),
    fact(
      "state",
      listed.state?.slice(0, DIGITS) ?? "-",
      span("  measurement ", "faint"),
      listed.measurement?.slice(0, DIGITS) ?? "-",
    ),
    fact(
      "events/s",
      span(curve(row.rates, curveColumns(state), state.utf8), "curve"),
      ` ${rateText(row)}`,
    ),
  ];
}

function sensorText({ fidelity }: Watched["listed"]): string {
  if (fidelity === undefined) return "";
  const { sees, holds } = fidelity;
  const held = holds.length === sees.length ? "all" : `${holds.length} of`;
  return `  holds ${held} ${sees.length} hooks that it sees`;
}

function rateText({ rate }: Watched): string {
  return rate === undefined ? "-" : shortCount(rate);
}

function curveColumns({ size }: TopState): number {
  return Math.max(8, Math.min(CURVE_COLUMNS * 2, size.columns - LABEL - 20));
}

function countSpans({ listed: { counts } }: Watched): Span[] {
  const one = (label: string, value: number | undefined, style: Style = "plain"): Span[] =>
    value === undefined
      ? []
      : [span(count(value), value > 0 ? style : "plain"), span(` ${label}  `, "faint")];
  const spans = [
    ...one("violations", counts.violations, "bad"),
    ...one("lost", counts.lost, "bad"),
    ...one("events", counts.events),
    ...one("behaviours", counts.points),
    ...one("refused", counts.refused, "warn"),
  ];
  return spans.length === 0 ? [span("known only to the Galgo that runs it", "faint")] : spans;
}

function decisionSpans(state: TopState, { listed: { latency } }: Watched): Span[] {
  if (latency === undefined || latency.count === 0) return [span("none yet", "faint")];
  const one = (label: string, us: number): Span[] => [
    span(`${label} `, "faint"),
    span(`${shortTime(us, microOf(state))}  `),
  ];
  return [...one("p50", latency.p50Us), ...one("p99", latency.p99Us), ...one("max", latency.maxUs)];
}

/** p99 between looks. */
function latencySpans(state: TopState, row: Watched): Span[] {
  const lately = row.latelyUs === undefined ? "-" : shortTime(row.latelyUs, microOf(state));
  return [
    span(curve(row.p99s, curveColumns(state), state.utf8), "curve"),
    span(` ${lately} `),
    span("p99 lately", "faint"),
  ];
}

function tabsLine(state: TopState, view: WorkloadView): Line {
  const tabs = LISTS.flatMap((name): Span[] => {
    const total = state.records?.[name].total ?? 0;
    return [span(` ${name} ${count(total)} `, name === view.list ? "key" : "plain"), span(" ")];
  });
  const filtered = view.filter === "" ? [] : [span(`filter: ${view.filter} `, "warn")];
  const follow = span(view.follow ? "following" : "", "good");
  return spread([...tabs, ...filtered], [follow], state.size.columns);
}

function recordLines(state: TopState, view: WorkloadView, height: number): Line[] {
  const list = state.records?.[view.list];
  const places = list?.matching(view.filter);
  if (list === undefined || places === undefined || places.length === 0)
    return filled(emptyLines(list, view), height);
  const at = Math.min(view.cursor, places.length - 1);
  const start = view.follow
    ? Math.max(0, places.length - height)
    : windowStart(at, places.length, height);
  const lines = Array.from({ length: Math.min(height, places.length - start) }, (_, i): Line => {
    const words = list.at(places.at(start + i));
    const spans = words === undefined ? [] : recordSpans(state, view, words);
    return start + i === at ? { spans, base: "chosen" } : { spans };
  });
  return filled(lines, height);
}

function emptyLines(list: RecordView | undefined, { list: name, filter }: WorkloadView): Line[] {
  if (list?.problem !== undefined) return [EMPTY, line(span(`  ${list.problem}`, "warn"))];
  if (filter !== "" && (list?.total ?? 0) > 0) return [EMPTY, line("  nothing matches the filter")];
  if (list?.complete !== true) return [EMPTY, line(span("  reading ...", "faint"))];
  return [EMPTY, line(name === "forensics" ? "  no violations" : "  no new behaviours")];
}

const DECISIONS: Readonly<Record<string, Style>> = {
  denied: "bad",
  killed: "bad",
  observed: "warn",
};

/** "  12 denied    cat opens /etc/shadow", moved sideways by the view. */
function recordSpans({ size }: TopState, view: WorkloadView, record: RecordWords): Span[] {
  const { mark, number } = record;
  const begin =
    mark === undefined
      ? [span(`${number} `.padStart(6), "faint")]
      : mark.kind === "violation"
        ? [
            span(`${mark.number} `.padStart(6), "faint"),
            span(`${mark.decision.padEnd(8)} `, DECISIONS[mark.decision] ?? "plain"),
          ]
        : [span("      "), span("refused  ", "warn")];
  const who = size.columns >= CHAIN_FROM_COLUMNS ? record.chain : record.program;
  return [...begin, ...moved([span(`${who} `, "faint"), span(record.words)], view.shift)];
}

/** Spans without their first `shift` columns. */
function moved(spans: readonly Span[], shift: number): Span[] {
  let left = shift;
  return spans.map(({ text, style = "plain" }) => {
    const whole = printable(text);
    const hidden = cutText(whole, Math.min(left, textWidth(whole)), "");
    left -= textWidth(hidden);
    return span(whole.slice(hidden.length), style);
  });
}
