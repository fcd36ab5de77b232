// SPDX-License-Identifier: Apache-2.0
// A run in words, for people: galgo show NAME run, and the summary after a run.
import { quote } from "../base/quote.ts";
import type { Drift } from "../model/sequence/index.ts";
import type {
  ChildExit,
  RunDirectory,
  RunOutcome,
  RunRecord,
} from "../orchestrator/inspect/index.ts";
import { count, microseconds, outLine, plural, table } from "./render.ts";

/** Programs that are shown with their would-be refusals. */
const MAX_SHOWN = 5;

export function printRun(record: RunRecord, run: RunDirectory): void {
  const rows: [string, string][] = [
    ["run", `${record.runId} of ${record.name}`],
    ["status", record.error === undefined ? record.status : `${record.status}: ${record.error}`],
    record.attached === undefined
      ? ["command", record.command.map((word) => quote(word)).join(" ")]
      : ["joined", joinedText(record.attached)],
    ["in", quote(record.cwd)],
    [
      "mode",
      record.mode === "free"
        ? "free (nothing is refused)"
        : `${record.mode}, on violation ${record.onViolation}`,
    ],
    ["model", record.modelFile === undefined ? "none" : quote(record.modelFile)],
    ...(record.modelSignedBy ?? []).map(({ name, key }): [string, string] => [
      "signed by",
      name === key ? key : `${quote(name, 80)}, key ${key}`,
    ]),
    ["rules", `mapping ${record.mapping}, digest ${record.digest}, profile ${record.profile}`],
    ["sensor", record.sensor],
    ["started", record.started],
    ...(record.floor === undefined ? [] : floorRows(record.floor)),
    ...(record.outcome === undefined ? [] : outcomeRows(record.outcome, record.sensor)),
    ["records", quote(run.path)],
  ];
  outLine(table(rows));
}

/** A replay has no workload that could end, and decides nothing. */
function outcomeRows(outcome: RunOutcome, sensor: string): [string, string][] {
  const { counts, latency, losses } = outcome;
  const live = sensor !== "replay";
  return [
    ["ended", `${outcome.ended}, after ${(outcome.durationMs / 1_000).toFixed(2)} s`],
    ...(live ? [["exit", exitWords(outcome.exit)] as [string, string]] : []),
    ...(outcome.killed === undefined ? [] : [["killed", outcome.killed] as [string, string]]),
    ["events", `${count(counts.events)} seen, ${count(counts.lost)} lost`],
    ...losses.map((loss): [string, string] => [
      "  lost",
      `${count(loss.count)} x ${loss.reason}: ${quote(loss.example)}`,
    ]),
    ["behaviours", count(counts.points)],
    [
      "violations",
      `${count(counts.violations)}, and ${plural(counts.refused, "call")} of untrusted processes refused`,
    ],
    ...shadowRows(outcome),
    ...sequenceRows(outcome),
    ...(live ? [["decision", latencyText(latency)] as [string, string]] : []),
    ["state", outcome.state],
    ["measurement", outcome.measurement],
  ];
}

function floorRows(floor: NonNullable<RunRecord["floor"]>): [string, string][] {
  const { abi, files, listings, below, missing, unseen, state } = floor;
  const trees = below.map((path) => quote(path)).join(", ");
  return [
    [
      "floor",
      `Landlock ABI ${abi}: ${plural(files, "file")}, names in ${listings} directories${trees === "" ? "" : `, all below ${trees}`}`,
    ],
    ["  unseen", `${plural(unseen, "behaviour")} of the model; without them its state is ${state}`],
    ...(missing.length === 0
      ? []
      : [["  missing", missing.map((path) => quote(path)).join(", ")] as [string, string]]),
  ];
}

/** What a run that refuses nothing would have refused, the worst programs first. */
function sequenceRows({ sequences }: RunOutcome): [string, string][] {
  if (sequences === undefined) return [];
  const { anomalies, drift } = sequences;
  const strange = [`${count(anomalies)} strange`, ...driftWords(drift)].join("; ");
  return [["sequences", strange]];
}

/** Said when what runs is no longer what was learned. */
export function driftWords({ drifting, share }: Drift): readonly string[] {
  if (!drifting) return [];
  const percent = Math.round(share * 100);
  return [
    `drift: ${percent} % of the processes are as strange as a tenth was when the model was learned, learn again`,
  ];
}

function shadowRows({ shadow }: RunOutcome): [string, string][] {
  if (shadow === undefined) return [];
  const { distinct, total, programs } = shadow;
  const shown = programs.slice(0, MAX_SHOWN);
  return [
    [
      "shadow",
      distinct === 0
        ? "nothing would have been refused"
        : `${plural(distinct, "behaviour")} would have been refused, ${plural(total, "time")}`,
    ],
    ...shown.map((by): [string, string] => [
      "  by",
      `${by.program === undefined ? "?" : quote(by.program)}: ${count(by.distinct)}, ${plural(by.total, "time")}`,
    ]),
    ...(programs.length > shown.length
      ? [["  by", `${count(programs.length - shown.length)} other programs`] as [string, string]]
      : []),
  ];
}

function joinedText(attached: NonNullable<RunRecord["attached"]>): string {
  return "pid" in attached
    ? `process ${attached.pid} and its descendants`
    : `cgroup ${quote(attached.cgroup)}`;
}

function exitWords(exit: ChildExit | undefined): string {
  return exit === undefined ? "unknown" : exitText(exit);
}

function latencyText({ medianUs, p99Us, maxUs }: RunOutcome["latency"]): string {
  return `median ${microseconds(medianUs)}, p99 ${microseconds(p99Us)}, max ${microseconds(maxUs)}`;
}

export function exitText(exit: ChildExit): string {
  return "code" in exit ? `status ${exit.code}` : `ended by ${exit.signal}`;
}
