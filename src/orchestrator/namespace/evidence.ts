// SPDX-License-Identifier: Apache-2.0
// What a namespace leaves of itself: records of new behaviours, and of violations with who everybody is. They wait in memory until
// the task in hand has its answer.
import { describeEvent, writeRecord } from "../../event/index.ts";
import type { SecurityEvent } from "../../event/index.ts";
import { Actors } from "../records/actors.ts";
import { MAX_BUFFERED_MS, MAX_FORENSIC_RECORDS, MAX_POSTED_VIOLATIONS } from "../limits.ts";
import { addMark } from "../records/marks.ts";
import type { Mark } from "../records/marks.ts";
import type { ContainerName } from "../run-record.ts";
import type { NamespaceParts, ViolationReport } from "./namespace-types.ts";

/** A violation or refusal whose record waits until the task has its answer. */
interface Pending {
  readonly event: SecurityEvent;
  readonly mark: Mark;
}

interface Extending {
  readonly event: SecurityEvent;
  readonly test: string | undefined;
}

export class Evidence {
  readonly actors: Actors = new Actors();
  readonly #parts: Pick<NamespaceParts, "trajectory" | "forensics" | "report">;
  readonly #container: ContainerName | undefined;
  /** TASK_IDs whose identity record is in forensics.jsonl. */
  readonly #named = new Set<string>();
  /** Since when trajectory records wait in memory (ms, monotonic); -1: none does. */
  #bufferedAt = -1;
  #extended: Extending[] = [];
  #pending: Pending[] = [];

  constructor(
    parts: Pick<NamespaceParts, "trajectory" | "forensics" | "report">,
    container: ContainerName | undefined,
  ) {
    this.#parts = parts;
    this.#container = container;
  }

  /** A behaviour that extended the model, or the record of an identity. `test`: what the workload says it was at. */
  extend(event: SecurityEvent, test?: string): void {
    this.#extended.push({ event, test });
  }

  note(event: SecurityEvent, mark: Mark): void {
    this.#pending.push({ event, mark });
  }

  /** What waits is given up: it can not be written. */
  drop(): void {
    this.#extended = [];
    this.#pending = [];
  }

  /** Writes what waits; `flush`: all of it, now. @throws RecordFileError */
  write(heldUs: number | undefined, flush: boolean): void {
    const { trajectory, forensics } = this.#parts;
    if (this.#extended.length > 0) {
      for (const { event, test } of this.#extended) trajectory.append(trajectoryLine(event, test));
      this.#extended = [];
      if (this.#bufferedAt < 0) this.#bufferedAt = performance.now();
    }
    if (this.#pending.length > 0) {
      const pending = this.#pending;
      this.#pending = [];
      for (const { event, mark } of pending) this.#writeMarked(event, withHeld(mark, heldUs));
      // evidence is not left in memory, whatever waits
      forensics.flush();
    }
    if (this.#bufferedAt < 0) return;
    if (!flush && performance.now() - this.#bufferedAt < MAX_BUFFERED_MS) return;
    trajectory.flush();
    this.#bufferedAt = -1;
  }

  #writeMarked(event: SecurityEvent, mark: Mark): void {
    const { forensics, report } = this.#parts;
    if (mark.kind === "violation" && mark.number <= MAX_POSTED_VIOLATIONS)
      report(this.#reportOf(event, mark));
    if (forensics.count >= MAX_FORENSIC_RECORDS) return;
    // the file explains itself: who everybody is comes before what they did
    for (const record of this.actors.recordsOf(event.task)) {
      if (this.#named.has(record.task.taskId)) continue;
      this.#named.add(record.task.taskId);
      forensics.append(writeRecord(record));
    }
    const container = this.#container;
    const told = container === undefined ? mark : { ...mark, container };
    forensics.append(addMark(writeRecord(event), told));
  }

  #reportOf(event: SecurityEvent, mark: Mark): ViolationReport {
    return {
      number: mark.number,
      decision: mark.decision,
      ...(mark.heldUs === undefined ? {} : { heldUs: mark.heldUs }),
      ...(mark.reason === undefined ? {} : { reason: mark.reason }),
      hook: event.hook,
      pid: event.pid,
      process: event.process,
      chain: this.actors.chainOf(event.task).map((actor) => actor.program),
      words: describeEvent(event),
    };
  }
}

function trajectoryLine(event: SecurityEvent, test: string | undefined): string {
  const record = writeRecord(event);
  return test === undefined ? record : addMark(record, { kind: "learned", test });
}

/** An event that could not be held was not waited for. */
function withHeld(mark: Mark, heldUs: number | undefined): Mark {
  if (heldUs === undefined || mark.reason !== undefined) return mark;
  return { ...mark, heldUs: Math.round(heldUs * 10) / 10 };
}
