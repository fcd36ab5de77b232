// SPDX-License-Identifier: Apache-2.0
// Holds the sequence of a run against the sequences of its model, once it has ended: what was strange although it was allowed, and why.
import { quote } from "../../base/quote.ts";
import { scorersOf, type WorkloadModel } from "../../model/index.ts";
import {
  type Drift,
  explainSurprises,
  type SequenceFinding,
  SequenceMonitor,
  type SequenceScorer,
  SequenceStream,
  type SequenceVerdict,
  type SurprisingEvent,
} from "../../model/sequence/index.ts";
import { RecordFileError } from "../errors.ts";
import { type NamedSequence, readNamedSequence } from "../records/sequence-log.ts";

/** A stream that is strange. */
export interface StrangeStream {
  /** A process, or all of the run. */
  readonly of: "process" | "workload";
  /** Of a process. */
  readonly pid?: number;
  /** `window`: the last so many events were, at `event`; `whole`: all of it is. */
  readonly what:
    | { readonly kind: "window"; readonly event: number }
    | { readonly kind: "whole"; readonly events: number };
  /** Mean surprise (nats) of an event of the window; of the whole the mean excess surprise of its lowest windows. */
  readonly level: number;
  readonly threshold: number;
  readonly surprises: readonly SurprisingEvent[];
}

/** What there is to say of a run. */
export interface JudgedRun {
  readonly events: number;
  readonly streams: number;
  readonly alarmsPerDay: number;
  readonly strange: readonly StrangeStream[];
  readonly drift: Drift;
}

/** @throws RecordFileError NO_FILE: the model has no sequences, or the run did not record its own; BAD_RECORD */
export function judgeRun(path: string, model: WorkloadModel): JudgedRun {
  const { sequences } = model.spec;
  if (sequences === undefined) throw noSequences();
  const sequence = readNamedSequence(path);
  if (sequence === undefined) throw untold(path);
  const { process, workload } = scorersOf(sequences);
  const strange: StrangeStream[] = [];
  const monitor = new SequenceMonitor(process, (finding) => {
    strange.push(strangeProcess(process, finding));
  });
  const whole = new SequenceStream(workload);
  for (const [at, behaviour] of sequence.behaviours.entries()) {
    const name = sequence.names[behaviour] ?? "";
    monitor.event(processOf(sequence, at), process.symbolOf(name));
    const alarm = whole.next(workload.symbolOf(name));
    if (alarm !== undefined) strange.push(strangeWhole(workload, whole, alarm));
  }
  monitor.finish();
  const verdict = whole.finish();
  if (!verdict.normal) strange.push(strangeWhole(workload, whole, verdict));
  return {
    events: sequence.behaviours.length,
    streams: sequence.pids.length,
    alarmsPerDay: sequences.alarmsPerDay,
    strange,
    drift: monitor.drift(),
  };
}

function noSequences(): RecordFileError {
  return new RecordFileError(
    "NO_FILE",
    "the model of this run has no sequences; galgo learn --alarm-budget 1/day learns them",
  );
}

function untold(path: string): RecordFileError {
  return new RecordFileError(
    "NO_FILE",
    `${quote(path)} does not tell the order of all events: the run still goes on, was made when its model had no sequences, or its sensor does not tell of each event`,
  );
}

/** A key that says which process it is. */
function processOf({ streams, pids }: NamedSequence, at: number): string {
  const stream = streams[at] ?? 0;
  return `${pids[stream] ?? 0} ${stream}`;
}

function strangeProcess(scorer: SequenceScorer, finding: SequenceFinding): StrangeStream {
  const surprises = explainSurprises(scorer, finding.surprises);
  const pid = Number.parseInt(finding.process, 10);
  const reason = reasonOf(finding.kind === "alarm" ? finding.alarm : finding.verdict);
  return { of: "process", pid, ...reason, surprises };
}

function strangeWhole(
  scorer: SequenceScorer,
  stream: SequenceStream,
  finding: Exceeding,
): StrangeStream {
  const surprises = explainSurprises(scorer, stream.surprises());
  return { of: "workload", ...reasonOf(finding), surprises };
}

/** What an alarm and a verdict have of each other's. */
type Exceeding =
  | { readonly event: number; readonly level: number; readonly threshold: number }
  | SequenceVerdict;

function reasonOf(finding: Exceeding): Pick<StrangeStream, "what" | "level" | "threshold"> {
  const { threshold } = finding;
  return "event" in finding
    ? { what: { kind: "window", event: finding.event }, level: finding.level, threshold }
    : { what: { kind: "whole", events: finding.events }, level: finding.verdict.score, threshold };
}
