// SPDX-License-Identifier: Apache-2.0
// What the screen of `galgo top` shows, as a value: views are made of it, keys and answers of the daemon change it.
import type { Size } from "../screen/terminal.ts";
import type { Listed } from "./listed.ts";
import type { Snapshot } from "./latency.ts";
import type { RecordView } from "./record-view.ts";

/** Samples that a curve can show. */
export const MAX_SAMPLES = 240;
/** A workload that has ended stays in the list for that long. */
export const ENDED_SHOWN_MS = 10_000;
/** How long a remark stands in the last line. */
export const REMARK_MS = 6_000;

/** A workload and what was seen of it while the screen was open. */
export interface Watched {
  readonly listed: Listed;
  /** Events a second since the last look. */
  readonly rate?: number;
  /** One a look, the last one is the newest. */
  readonly rates: readonly (number | undefined)[];
  /** Of the decisions between two looks (us). */
  readonly p99s: readonly (number | undefined)[];
  /** Of the decisions of the last minute, or since the screen was opened (us). */
  readonly latelyUs?: number;
  readonly snapshots: readonly Snapshot[];
  /** Since then one event has been held, at each look (ms). */
  readonly heldSince?: number;
  /** It was not there any more (ms). */
  readonly endedAt?: number;
}

export const SORTS = ["name", "violations", "events/s", "p99", "started"] as const;
export type Sort = (typeof SORTS)[number];
export const LISTS = ["forensics", "trajectory"] as const;
export type ListName = (typeof LISTS)[number];

/** Where the rows come from. `closed`: it may not be asked. `silent`: it lets us wait. `gone`: it was there and is not any more. */
export type Daemon =
  | { readonly kind: "none" }
  | { readonly kind: "closed"; readonly problem: string }
  | { readonly kind: "there" }
  | { readonly kind: "silent"; readonly since: number }
  | { readonly kind: "gone"; readonly since: number; readonly problem: string };

/** A workload in whole. `cursor` is a place in the list that is shown, after filtering. */
export interface WorkloadView {
  readonly kind: "workload";
  readonly id: string;
  readonly list: ListName;
  readonly filter: string;
  readonly cursor: number;
  /** The cursor stays with the newest record. */
  readonly follow: boolean;
  /** How far a list is moved sideways, in columns. */
  readonly shift: number;
}

/** Text to read: a record, a violation and why, help. `back` is what it was opened from. */
export interface TextView {
  readonly kind: "text";
  readonly title: string;
  readonly lines: readonly string[];
  readonly offset: number;
  readonly back: View;
}

export type View = { readonly kind: "list" } | WorkloadView | TextView;

/** What the last line asks. */
export type Prompt =
  | { readonly kind: "filter"; readonly text: string; readonly before: string }
  /** `attached`: its processes were not started here, and are let go instead. */
  | {
      readonly kind: "kill";
      readonly id: string;
      readonly name: string;
      readonly attached: boolean;
    };

export interface TopState {
  readonly size: Size;
  /** ms since the epoch */
  readonly now: number;
  readonly utf8: boolean;
  readonly daemon: Daemon;
  /** Name or id of the only workload that is looked for; default: all. */
  readonly only?: string;
  /** Time of the last look; undefined: there was none yet. */
  readonly lookedAt: number | undefined;
  readonly rows: readonly Watched[];
  readonly sort: Sort;
  readonly reverse: boolean;
  readonly filter: string;
  /** Id of the workload under the cursor. */
  readonly chosen: string | undefined;
  readonly view: View;
  readonly prompt: Prompt | undefined;
  readonly remark:
    | { readonly text: string; readonly bad: boolean; readonly until: number }
    | undefined;
  /** Records of the workload that is open. */
  readonly records: Readonly<Record<ListName, RecordView>> | undefined;
}

export function initialState(size: Size, now: number, utf8: boolean): TopState {
  return {
    size,
    now,
    utf8,
    daemon: { kind: "none" },
    lookedAt: undefined,
    rows: [],
    sort: "name",
    reverse: false,
    filter: "",
    chosen: undefined,
    view: { kind: "list" },
    prompt: undefined,
    remark: undefined,
    records: undefined,
  };
}

/** Rows in their order, those that the filter lets through. Equal ones keep an order that does not change: by name, then the older first. */
export function shownRows({ rows, sort, reverse, filter }: TopState): readonly Watched[] {
  const wanted = filter.toLowerCase();
  const sign = reverse ? -1 : 1;
  return rows
    .filter(({ listed }) => wanted === "" || searched(listed).includes(wanted))
    .sort((a, b) => sign * compare(a, b, sort) || byName(a, b));
}

function searched({ name, id, mode, sensor, origin }: Listed): string {
  const words =
    origin.kind === "command"
      ? origin.command.join(" ")
      : origin.kind === "container"
        ? `${origin.containerId} ${origin.image ?? ""}`
        : Object.values(origin).join(" ");
  return `${name} ${id} ${mode} ${sensor} ${words}`.toLowerCase();
}

function compare(a: Watched, b: Watched, sort: Sort): number {
  switch (sort) {
    case "name":
      return byName(a, b);
    case "violations":
      return (b.listed.counts.violations ?? 0) - (a.listed.counts.violations ?? 0);
    case "events/s":
      return (b.rate ?? 0) - (a.rate ?? 0);
    case "p99":
      return (p99Of(b) ?? 0) - (p99Of(a) ?? 0);
    case "started":
      return b.listed.started < a.listed.started ? -1 : b.listed.started > a.listed.started ? 1 : 0;
  }
}

/** Of the last minute; where that had no decisions, of all. Undefined: there were none (us). */
export function p99Of({ latelyUs, listed: { latency } }: Watched): number | undefined {
  return latelyUs ?? (latency === undefined || latency.count === 0 ? undefined : latency.p99Us);
}

function byName({ listed: a }: Watched, { listed: b }: Watched): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

/** The row under the cursor: the chosen one, or the first when that is not among the shown ones. */
export function chosenRow(
  state: TopState,
): { readonly row: Watched; readonly at: number } | undefined {
  const rows = shownRows(state);
  const found = rows.findIndex(({ listed }) => listed.id === state.chosen);
  const at = Math.max(0, found);
  const row = rows[at];
  return row === undefined ? undefined : { row, at };
}

/** The workload that the view shows. */
export function openedRow(state: TopState): Watched | undefined {
  const { view } = state;
  return view.kind === "workload"
    ? state.rows.find(({ listed }) => listed.id === view.id)
    : undefined;
}

/** First of `total` rows to show in `height`, so that row `at` is among them, in the middle where there are rows on both sides. */
export function windowStart(at: number, total: number, height: number): number {
  return Math.max(0, Math.min(at - Math.floor(height / 2), total - height));
}
