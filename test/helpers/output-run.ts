// SPDX-License-Identifier: Apache-2.0
// Runs as the outputs meet them: a folder with files of records that grow, and how the run ended.
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { OutputRun } from "../../src/daemon/outputs/journal/feeds.ts";
import { writeRecord } from "../../src/event/index.ts";
import type { SecurityEvent } from "../../src/event/index.ts";
import { newRunId, runFolder } from "../../src/orchestrator/inspect/index.ts";
import type { Mark } from "../../src/orchestrator/inspect/index.ts";
import { addMark } from "../../src/orchestrator/records/marks.ts";
import { aFile, anEvent, TASK } from "./events.ts";

/** A folder for the outputs and their runs; `dispose` removes it. */
export interface OutputPlace {
  readonly folder: string;
  /** Of the journal. */
  readonly kept: string;
  dispose(): void;
}

export function openOutputPlace(): OutputPlace {
  const folder = mkdtempSync(join(tmpdir(), "galgo-outputs-"));
  const dispose = (): void => rmSync(folder, { recursive: true, force: true });
  return { folder, kept: join(folder, "kept"), dispose };
}

/** Waits until a condition holds that no event announces. Throws after two minutes: a test that fails has to end, too. */
export async function eventually(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 120_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`waited in vain until ${String(holds)}`);
    await pause(5);
  }
}

export const PROGRAM = "/usr/bin/worker";

/** The program of the workload starts. */
export const IDENTITY: SecurityEvent = anEvent("bprm_committed_creds", {
  file: aFile(PROGRAM, { digest: "ee".repeat(32) }),
});

/** It opens a file for reading. */
export function opens(path: string): SecurityEvent {
  return anEvent("file_open", { file: aFile(path) });
}

export function violationMark(number: number, changes: Partial<Mark> = {}): Mark {
  const coefficient = number.toString(16).padStart(64, "0");
  return { kind: "violation", number, decision: "denied", heldUs: 12.5, coefficient, ...changes };
}

/** One run. */
export class FakeRun implements OutputRun {
  readonly directory: OutputRun["directory"];
  readonly workload: OutputRun["workload"];

  constructor(folder: string, workload: Partial<OutputRun["workload"]> = {}) {
    const runId = newRunId(new Date());
    const { name = "web" } = workload;
    this.workload = { run: runId, name, mode: "enforce", sensor: "seccomp", ...workload };
    const path = join(folder, "state", name, this.workload.run);
    mkdirSync(path, { recursive: true });
    this.directory = runFolder(path, { name, runId: this.workload.run });
  }

  /** Adds records to its trajectory. */
  learns(...events: SecurityEvent[]): this {
    return this.#add("trajectory", events.map(writeRecord));
  }

  /** Adds as many records of files with numbers for names. */
  learnsMany(from: number, count: number): this {
    const [before = "", behind = ""] = writeRecord(opens("/data/NUMBER")).split("NUMBER");
    const lines = Array.from({ length: count }, (_, at) => `${before}${from + at}${behind}`);
    return this.#add("trajectory", lines);
  }

  /** Adds records to its forensics, with who acts. */
  violates(event: SecurityEvent, mark: Mark): this {
    return this.#add("forensics", [writeRecord(IDENTITY), addMark(writeRecord(event), mark)]);
  }

  /** Writes run.json as a run leaves it that has come to its end. */
  ends(): this {
    const counts = { events: 12, points: 3, violations: 1, refused: 0, lost: 0 };
    const record = {
      apiVersion: "galgo.dev/v1",
      kind: "Run",
      name: this.workload.name,
      runId: this.workload.run,
      status: "finished",
      outcome: {
        ended: new Date().toISOString(),
        exit: { code: 0 },
        counts,
        state: TASK.taskId,
        measurement: TASK.pTaskId,
      },
    };
    writeFileSync(this.directory.run, JSON.stringify(record));
    return this;
  }

  #add(file: "trajectory" | "forensics", lines: readonly string[]): this {
    appendFileSync(this.directory[file], lines.map((line) => `${line}\n`).join(""));
    return this;
  }
}
