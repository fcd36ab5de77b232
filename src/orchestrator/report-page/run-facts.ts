// SPDX-License-Identifier: Apache-2.0
// What a report says of a run: run.json with its untrusted texts quoted.
import { quote } from "../../base/quote.ts";
import type { ReportOutcome, ReportRun } from "../../model/report/data.ts";
import type { ChildExit, RunOutcome, RunRecord } from "../run-record.ts";
import { fidelityFacts } from "./model-facts.ts";

export function runFacts(record: RunRecord): ReportRun {
  const { error, attached, modelFile, floor, outcome } = record;
  const modelState = record.ownState ?? record.modelState;
  return {
    runId: record.runId,
    status: record.status,
    ...(error === undefined ? {} : { error: quote(error, 1_000) }),
    command: record.command.map((word) => quote(word)),
    ...(attached === undefined ? {} : { joined: joinedWords(attached) }),
    cwd: quote(record.cwd),
    mode: record.mode,
    onViolation: record.onViolation,
    sensor: record.sensor,
    mapping: record.mapping,
    digest: record.digest,
    profile: quote(record.profile),
    ...(modelFile === undefined ? {} : { modelFile: quote(modelFile) }),
    ...(modelState === undefined ? {} : { modelState }),
    ...signersOf(record),
    ...(floor === undefined ? {} : { floor: { unseen: floor.unseen, state: floor.state } }),
    started: record.started,
    ...(outcome === undefined ? {} : { outcome: outcomeFacts(outcome) }),
  };
}

function signersOf({ modelSignedBy }: RunRecord): Pick<ReportRun, "modelSignedBy"> {
  if (modelSignedBy === undefined) return {};
  return { modelSignedBy: modelSignedBy.map(({ name, key }) => ({ name: quote(name, 80), key })) };
}

function outcomeFacts(outcome: RunOutcome): ReportOutcome {
  const { counts, latency, fidelity, killed, losses, shadow } = outcome;
  return {
    durationMs: outcome.durationMs,
    exit: outcome.exit === undefined ? "unknown" : exitWords(outcome.exit),
    ...(killed === undefined ? {} : { killed: quote(killed) }),
    ...counts,
    ...(shadow === undefined ? {} : { wouldRefuse: shadow.total }),
    losses: losses.map(({ reason, count, example }) => ({
      reason: quote(reason),
      count,
      example: quote(example),
    })),
    state: outcome.state,
    measurement: outcome.measurement,
    latency: { ...latency, histogram: latency.histogram ?? [] },
    ...(fidelity === undefined ? {} : { fidelity: fidelityFacts(fidelity) }),
  };
}

function joinedWords(attached: NonNullable<RunRecord["attached"]>): string {
  return "pid" in attached
    ? `process ${attached.pid} and its descendants`
    : `cgroup ${quote(attached.cgroup)}`;
}

function exitWords(exit: ChildExit): string {
  return "code" in exit ? `status ${exit.code}` : `ended by ${quote(exit.signal)}`;
}
