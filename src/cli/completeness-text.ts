// SPDX-License-Identifier: Apache-2.0
// How complete a model is, in words and as a small curve.
import { quote } from "../base/quote.ts";
import {
  ACTIVITY_KINDS,
  chanceOfNew,
  expectedInNextRun,
  neverSeen,
  runsAt,
} from "../model/index.ts";
import type { ActivityKind, CompletenessDetails, WorkloadModel } from "../model/index.ts";
import { count, plural } from "./render.ts";

type Completeness = WorkloadModel["spec"]["completeness"];
type Row = [string, string];

const TENTHS = 10;
/** Runs and tests that are listed; of more only the number is said. */
const MAX_LISTED = 20;
const BARS = "▁▂▃▄▅▆▇█";

const ACTIVITY_WORDS: { readonly [K in ActivityKind]: string } = {
  programs: "programs started",
  startup: "starting them",
  reads: "files read",
  writes: "files written",
  creates: "names created",
  removes: "names removed",
  attributes: "attributes changed",
  binds: "addresses bound",
  listens: "listening",
  accepts: "connections accepted",
  connects: "connections made",
  messages: "messages",
  ipc: "shared memory, queues, descriptors",
  signals: "signals sent",
  privileges: "privileges changed",
  kernel: "of the kernel itself",
};

/** Rows of `galgo model show`. */
export function completenessRows(completeness: Completeness): readonly Row[] {
  const { perRun, curve, activity, requirements, tests } = completeness;
  return [
    ["learned from", learnedText(completeness)],
    ...(perRun === undefined ? [] : perRun.slice(0, MAX_LISTED).map(runRow)),
    ...moreRow((perRun?.length ?? 0) - MAX_LISTED, "run"),
    ...(curve === undefined
      ? [saturationRow(completeness.saturation)]
      : [curveRow(completeness, curve)]),
    ...minuteRows(perRun),
    ...unseenRows(completeness),
    ...(activity === undefined ? [] : [activityRow(activity)]),
    ...(requirements ?? []).map(requirementRow),
    ...(tests ?? []).slice(0, MAX_LISTED).map(testRow),
    ...moreRow((tests?.length ?? 0) - MAX_LISTED, "test"),
  ];
}

function learnedText({ runs, eventsSeen, eventsLost }: Completeness): string {
  return `${plural(runs, "run")}, ${plural(eventsSeen, "event")}, ${count(eventsLost)} lost`;
}

type RunSummary = NonNullable<CompletenessDetails["perRun"]>[number];

function runRow(run: RunSummary): Row {
  const { id, behaviours, onlyHere, eventsSeen, eventsLost, durationMs, surprises } = run;
  const foretold =
    surprises === undefined ? "" : `; a model of the others refuses ${count(surprises)}`;
  const lost = eventsLost === 0 ? "" : `, ${count(eventsLost)} LOST`;
  const text = `${plural(behaviours, "behaviour")} (${count(onlyHere)} in no other run), ${plural(eventsSeen, "event")}${lost}, ${seconds(durationMs)}${foretold}`;
  return [`  run ${id.slice(0, 8)}`, text];
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
}

function moreRow(more: number, what: string): readonly Row[] {
  return more > 0 ? [["", `and ${plural(more, `more ${what}`)}`]] : [];
}

/** New behaviours in the last tenth of each run: what is still growing is not learned. */
function saturationRow(saturation: readonly number[]): Row {
  const tails: string[] = [];
  for (let at = TENTHS; at <= saturation.length; at += TENTHS)
    tails.push(count(saturation[at - 1] ?? 0));
  const text =
    tails.length === 0 ? "unknown" : `new in the last tenth of each run: ${tails.join(", ")}`;
  return ["saturation", text];
}

/** Behaviours after 1, 2, ... runs: `▆▇██ 38.0 after 1 run, 40.0 after 4`. */
function curveRow({ runs }: Completeness, curve: readonly number[]): Row {
  const last = curve.at(-1) ?? 0;
  if (curve.length === 0 || last === 0) return ["saturation", "unknown"];
  const after = (at: number): string =>
    `${((curve[at] ?? 0) / 1000).toFixed(1)} after ${plural(runsAt(at, runs), "run")}`;
  if (curve.length === 1) return ["saturation", `${after(0)}; one run shows no curve`];
  const ends = [0, curve.length - 2, curve.length - 1].filter(
    (at, i, all) => all.indexOf(at) === i,
  );
  return ["saturation", `${bars(curve)}  ${ends.map(after).join(", ")} (mean over all orders)`];
}

/** A bar for each value, the highest one full. */
function bars(values: readonly number[]): string {
  const most = Math.max(...values, 1);
  return values
    .map((value) => BARS[Math.min(BARS.length - 1, Math.floor((value / most) * BARS.length))] ?? "")
    .join("");
}

/** New behaviours by the minute, when a run took more than one. */
function minuteRows(perRun: CompletenessDetails["perRun"]): readonly Row[] {
  const longest = Math.max(0, ...(perRun ?? []).map(({ perMinute }) => perMinute?.length ?? 0));
  if (longest < 2) return [];
  const totals = Array.from({ length: longest }, (_, minute) =>
    (perRun ?? []).reduce((total, run) => total + (run.perMinute?.[minute] ?? 0), 0),
  );
  const shown = totals.slice(0, MAX_LISTED).map(count).join(", ");
  const more = totals.length > MAX_LISTED ? ", ..." : "";
  return [["new by minute", `${bars(totals)}  ${shown}${more}`]];
}

function unseenRows({ unseen, runs }: Completeness): readonly Row[] {
  if (unseen === undefined) return [];
  const percent = (chanceOfNew(unseen) / 10_000).toFixed(2);
  const event = `${percent}% of the next events (${count(unseen.once)} of ${count(unseen.events)} showed a behaviour for the only time)`;
  const next = expectedInNextRun(unseen, runs);
  const never = neverSeen(unseen, runs);
  if (next === undefined || never === undefined) return [["may be new", event]];
  return [
    ["may be new", event],
    [
      "in one more run",
      `${(next / 1000).toFixed(1)} new behaviours expected (${count(unseen.inOneRun)} were in one run only, ${count(unseen.inTwoRuns)} in two)`,
    ],
    ["never seen", `${(never / 1000).toFixed(1)} or more (Chao2)`],
  ];
}

function activityRow(activity: NonNullable<CompletenessDetails["activity"]>): Row {
  const parts = ACTIVITY_KINDS.flatMap((kind) => {
    const behaviours = activity[kind];
    return behaviours === undefined ? [] : [`${ACTIVITY_WORDS[kind]} ${count(behaviours)}`];
  });
  return ["what it did", parts.length === 0 ? "nothing" : parts.join(", ")];
}

function requirementRow({
  require,
  met,
}: {
  readonly require: string;
  readonly met: boolean;
}): Row {
  return [met ? "required" : "required, NOT MET", quote(require)];
}

type TestSummary = NonNullable<CompletenessDetails["tests"]>[number];

function testRow({ name, behaviours, onlyHere }: TestSummary): Row {
  return [
    "  test",
    `${quote(name, 80)}: ${plural(behaviours, "behaviour")}, ${count(onlyHere)} by no other`,
  ];
}
