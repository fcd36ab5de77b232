// SPDX-License-Identifier: Apache-2.0
// A run in words, for people: galgo show NAME run, and the summary after a run.
import { quote } from "../base/quote.ts";
import type {
  ChildExit,
  RunDirectory,
  RunOutcome,
  RunRecord,
} from "../orchestrator/inspect/index.ts";
import { count, microseconds, outLine, plural, table } from "./render.ts";

export function printRun(record: RunRecord, run: RunDirectory): void {
  const rows: [string, string][] = [
    ["run", `${record.runId} of ${record.name}`],
    ["status", record.error === undefined ? record.status : `${record.status}: ${record.error}`],
    ["command", record.command.map((word) => quote(word)).join(" ")],
    ["in", quote(record.cwd)],
    [
      "mode",
      record.mode === "free"
        ? "free (nothing is refused)"
        : `${record.mode}, on violation ${record.onViolation}`,
    ],
    ["model", record.modelFile === undefined ? "none" : quote(record.modelFile)],
    ["rules", `mapping ${record.mapping}, digest ${record.digest}, profile ${record.profile}`],
    ["sensor", record.sensor],
    ["started", record.started],
    ...(record.outcome === undefined ? [] : outcomeRows(record.outcome)),
    ["records", quote(run.path)],
  ];
  outLine(table(rows));
}

function outcomeRows(outcome: RunOutcome): [string, string][] {
  const { counts, latency, losses } = outcome;
  return [
    ["ended", `${outcome.ended}, after ${(outcome.durationMs / 1_000).toFixed(2)} s`],
    ["exit", outcome.exit === undefined ? "unknown" : exitText(outcome.exit)],
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
    [
      "decision",
      `median ${microseconds(latency.medianUs)}, p99 ${microseconds(latency.p99Us)}, max ${microseconds(latency.maxUs)}`,
    ],
    ["state", outcome.state],
    ["measurement", outcome.measurement],
  ];
}

export function exitText(exit: ChildExit): string {
  return "code" in exit ? `status ${exit.code}` : `ended by ${exit.signal}`;
}
