// SPDX-License-Identifier: Apache-2.0
// Text to read, as lines: why something was a violation, a record in whole, help.
import { EMPTY, type Line, line, span, spread } from "../screen/line.ts";
import { printable, wrapText } from "../screen/width.ts";
import { footLine, goneLine, goneRows } from "./frame-lines.ts";
import { filled } from "./list-view.ts";
import type { RecordWords } from "./record-view.ts";
import type { TextView, TopState } from "./state.ts";

const KEYS: readonly (readonly [string, string])[] = [
  ["Up/Down", "scroll"],
  ["Esc", "back"],
];
/** Later lines of a text that is too long for one begin so much farther in. */
const INDENT = 4;

/** The text in lines that fit. */
function wrapped({ lines }: TextView, columns: number): string[] {
  return lines.flatMap((text) => {
    const shown = printable(text);
    const begin = /^ */.exec(shown)?.[0] ?? "";
    const indent = begin.length + INDENT < columns / 2 ? " ".repeat(begin.length + INDENT) : "";
    return wrapText(shown, columns, indent);
  });
}

/** Farthest that the text can be scrolled. */
export function maxOffset(state: TopState, view: TextView): number {
  return Math.max(0, wrapped(view, state.size.columns).length - textRows(state));
}

/** Rows of text that are shown. */
export function textRows(state: TopState): number {
  return Math.max(1, state.size.rows - 2 - goneRows(state));
}

export function textView(state: TopState, view: TextView): Line[] {
  const all = wrapped(view, state.size.columns);
  const height = textRows(state);
  const offset = Math.min(view.offset, Math.max(0, all.length - height));
  const part =
    all.length <= height
      ? ""
      : `${offset + 1}-${Math.min(all.length, offset + height)} of ${all.length}`;
  const gone = goneLine(state);
  const body = all.slice(offset, offset + height).map(styled);
  return [
    spread(
      [span("galgo", "bar"), span(" > ", "faint"), span(view.title, "strong")],
      [span(part, "faint")],
      state.size.columns,
    ),
    ...(gone === undefined ? [] : [gone]),
    ...filled(body, height),
    footLine(state, KEYS),
  ];
}

/** What begins at the margin is a heading. */
function styled(text: string): Line {
  if (text === "") return EMPTY;
  return line(span(text, text.startsWith(" ") ? "plain" : "strong"));
}

/** A record in whole, when there is nothing to explain. */
export function recordText({ number, mark, chain, words, event }: RecordWords): string[] {
  const facts: [string, string | undefined][] = [
    ["who", chain],
    ["what", words],
    [
      "process",
      event === undefined ? undefined : `${JSON.stringify(event.process)}, pid ${event.pid}`,
    ],
    [
      "as",
      event === undefined
        ? undefined
        : `uid ${event.coe.euid}, gid ${event.coe.egid}, capabilities ${event.coe.capeff.toString(16)}`,
    ],
    ["hook", event?.hook],
    ["TASK_ID", event?.task.taskId],
    [
      "decided",
      mark === undefined
        ? undefined
        : `${mark.decision}${mark.kind === "refused" ? ": the process was untrusted already" : ""}`,
    ],
    ["held", mark?.heldUs === undefined ? undefined : `${mark.heldUs} us`],
    ["point", mark?.coefficient],
  ];
  const title = mark === undefined ? `Behaviour ${number}` : `Violation ${mark.number}`;
  return [
    title,
    "",
    ...facts.flatMap(([label, value]) =>
      value === undefined ? [] : [`  ${label.padEnd(8)}  ${value}`],
    ),
  ];
}

export const HELP: readonly string[] = [
  "Keys",
  "",
  "  Up Down PgUp PgDn Home End   move; also Ctrl-P Ctrl-N",
  "  Enter                        open: a workload, then a record and why",
  "  Esc, Backspace               back; a filter is cleared first",
  "  /                            filter: names, commands, modes; in a workload its records",
  "  s, S or r                    sort by the next column; the other way round",
  "  Tab                          forensics or trajectory",
  "  f, End                       follow: stay with the newest record",
  "  Left Right                   in a list of records: move long lines",
  "  k                            kill the workload (attached: set it free); asks first",
  "  Ctrl-L, Ctrl-Z               draw anew; stop, as any job",
  "  q, Ctrl-C                    quit",
  "",
  "Columns",
  "",
  "  MODE    free: learns, nothing is refused; detect: recorded only; enforce: refused",
  "  HOLDS   hooks that the sensor can hold, of those that it sees",
  "  EV/S    events a second    EVENTS  all so far",
  "  HELD    now: an event is being decided; a time: since then the same one",
  "  P99     99 of 100 decisions of the last minute were faster; pale: of all",
  "  VIOL    events outside of the sealed model; REFUS: further calls of untrusted processes",
  "  LOST    events that the sensor knows it could not see",
  "  POINTS  behaviours in the model    STATE  the first digits of its state",
];
