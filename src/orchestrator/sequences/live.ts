// SPDX-License-Identifier: Apache-2.0
// Watches the sequence of a run while it goes on: events are put down before their answer, and scored when nobody waits for one.
import { scorersOf, type WorkloadScorers, type WorkloadSequences } from "../../model/index.ts";
import {
  type Drift,
  explainSurprises,
  type SequenceAlarm,
  type SequenceFinding,
  SequenceMonitor,
  SequenceStream,
  type SequenceVerdict,
} from "../../model/sequence/index.ts";
import type { RecordLog } from "../records/record-log.ts";
import type { SequenceLog } from "../records/sequence-log.ts";
import type { AnomalyReport } from "./anomaly.ts";

/** Events that wait to be scored while others wait for an answer; at half a microsecond each. */
const MAX_WAITING = 1_024;
/** Anomalies that one run tells of; later ones are in the sequence that it leaves. */
const MAX_ANOMALIES = 1_000;

/** An event that was let pass or refused by the model. */
interface Taken {
  readonly pid: number;
  readonly taskId: string;
  readonly coefficient: string;
  /** ms since 1970 */
  readonly at: number;
}

/** What is said of the sequence of a run at its end. */
export interface SequencesOutcome {
  /** Told of in anomalies.jsonl. */
  readonly anomalies: number;
  /** Whether its processes are still those that were learned from. */
  readonly drift: Drift;
}

/** What a namespace tells of its events. */
export interface SequenceTaker {
  /** An event inside the model. */
  add(pid: number, taskId: string, coefficient: string): void;
  /** An event outside of it. */
  addOutside(pid: number, taskId: string, coefficient: string): void;
  /** There were events of which only the number is known. */
  incomplete(): void;
  /** Nobody waits for an answer now. @throws RecordFileError WRITE_FAILED */
  settle(): void;
  /** There are no more events: what is said of all of them; undefined when they can not be judged. @throws RecordFileError WRITE_FAILED */
  judged?(): SequencesOutcome | undefined;
  /** @throws RecordFileError WRITE_FAILED */
  close(): void;
}

export class LiveSequences implements SequenceTaker {
  readonly #log: SequenceLog;
  readonly #lines: RecordLog;
  readonly #scorers: WorkloadScorers;
  readonly #monitor: SequenceMonitor;
  readonly #whole: SequenceStream;
  readonly #report: (anomaly: AnomalyReport) => void;
  readonly #waiting: Taken[] = [];
  /** The program that each process is. */
  readonly #programs = new Map<number, string>();
  #now: Taken | undefined;
  #told = 0;
  #watching = true;
  #ended = false;

  constructor(
    { log, lines }: { readonly log: SequenceLog; readonly lines: RecordLog },
    sequences: WorkloadSequences,
    report: (anomaly: AnomalyReport) => void,
  ) {
    this.#log = log;
    this.#lines = lines;
    this.#scorers = scorersOf(sequences);
    this.#monitor = new SequenceMonitor(this.#scorers.process, (finding) => this.#found(finding));
    this.#whole = new SequenceStream(this.#scorers.workload);
    this.#report = report;
  }

  add(pid: number, taskId: string, coefficient: string): void {
    this.#log.add(pid, taskId, coefficient);
    this.#put(pid, taskId, coefficient);
  }

  addOutside(pid: number, taskId: string, coefficient: string): void {
    this.#log.addOutside(pid, taskId, coefficient);
    this.#put(pid, taskId, coefficient);
  }

  /** What is not told in its order can not be judged. */
  incomplete(): void {
    this.#log.incomplete();
    this.#watching = false;
  }

  settle(): void {
    this.#score();
    this.#log.settle();
  }

  judged(): SequencesOutcome | undefined {
    this.#score();
    if (!this.#watching) return undefined;
    if (!this.#ended) {
      this.#ended = true;
      this.#monitor.finish();
      const verdict = this.#whole.finish();
      if (!verdict.normal) this.#tellOfWhole(verdict);
    }
    return { anomalies: this.#told, drift: this.#monitor.drift() };
  }

  close(): void {
    this.judged();
    this.#log.close();
    this.#lines.close();
  }

  #put(pid: number, taskId: string, coefficient: string): void {
    const at = performance.timeOrigin + performance.now();
    this.#waiting.push({ pid, taskId, coefficient, at });
    if (this.#waiting.length >= MAX_WAITING) this.#score();
  }

  #score(): void {
    for (const taken of this.#waiting) if (this.#watching) this.#scoreOne(taken);
    this.#waiting.length = 0;
  }

  #scoreOne(taken: Taken): void {
    const { pid, taskId, coefficient } = taken;
    const { process, workload } = this.#scorers;
    this.#now = taken;
    const before = this.#programs.get(pid);
    if (before !== undefined && before !== taskId) this.#monitor.ended(`${pid} ${before}`);
    this.#programs.set(pid, taskId);
    this.#monitor.event(`${pid} ${taskId}`, process.symbolOf(coefficient));
    const alarm = this.#whole.next(workload.symbolOf(coefficient));
    if (alarm !== undefined) this.#tellOfWhole(alarm);
  }

  #found(finding: SequenceFinding): void {
    const [pid = "", taskId = ""] = finding.process.split(" ");
    const exceeding = finding.kind === "alarm" ? finding.alarm : finding.verdict;
    const surprises = explainSurprises(this.#scorers.process, finding.surprises);
    const who = { stream: "process", pid: Number(pid), taskId } as const;
    this.#tell({ ...who, ...reasonOf(exceeding), surprises });
  }

  #tellOfWhole(exceeding: SequenceAlarm | SequenceVerdict): void {
    const surprises = explainSurprises(this.#scorers.workload, this.#whole.surprises());
    this.#tell({ stream: "workload", ...reasonOf(exceeding), surprises });
  }

  #tell(anomaly: Omit<AnomalyReport, "number" | "at">): void {
    if (this.#told >= MAX_ANOMALIES) return;
    this.#told += 1;
    const report = { number: this.#told, at: this.#now?.at ?? 0, ...anomaly };
    this.#lines.append(JSON.stringify(report));
    this.#lines.flush();
    this.#report(report);
  }
}

function reasonOf(
  exceeding: SequenceAlarm | SequenceVerdict,
): Pick<AnomalyReport, "kind" | "event" | "level" | "threshold"> {
  const { threshold } = exceeding;
  return "level" in exceeding
    ? { kind: "alarm", event: exceeding.event, level: exceeding.level, threshold }
    : { kind: "verdict", event: exceeding.events, level: exceeding.verdict.score, threshold };
}
