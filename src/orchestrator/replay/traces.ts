// SPDX-License-Identifier: Apache-2.0
// What a replay leaves behind: a run in the state directory when it was given a name, the records of a model that will be written, and in
// any case the records that could not be understood, as they were, since nothing else may keep them.
import { decodePath } from "../../base/path-text.ts";
import { writeRecord } from "../../event/index.ts";
import type { SecurityEvent } from "../../event/index.ts";
import type { Place } from "../../sensor/replay/index.ts";
import type { IdentityRecord } from "../records/actors.ts";
import { MAX_FORENSIC_RECORDS } from "../limits.ts";
import { addMark } from "../records/marks.ts";
import type { Mark } from "../records/marks.ts";
import { openRecordLog } from "../records/record-log.ts";
import type { RecordLog } from "../records/record-log.ts";
import type { RunRecord } from "../run-record.ts";
import { createRun, writeAtomic } from "../state-dir.ts";
import type { RunDirectory } from "../state-dir.ts";
import type { Spool } from "./spool.ts";

/** Takes what is worth keeping of a stream while it is replayed. */
export interface ReplayTraces {
  identity(event: IdentityRecord): void;
  /** An event that extended the model. */
  extended(event: SecurityEvent): void;
  /** An event outside the sealed model. */
  violated(event: SecurityEvent, mark: Mark): void;
  /** A record that is lost. `bytes` is latin1 text, one character a byte; a very long one comes in pieces. */
  unreadable(bytes: string, place: Place, problem: string, piece?: number): void;
}

/** A replay that only counts. */
export const NO_TRACES: ReplayTraces = {
  identity: () => undefined,
  extended: () => undefined,
  violated: () => undefined,
  unreadable: () => undefined,
};

export interface TraceOptions {
  readonly stateRoot: string;
  /** Name of the run that is to be left; undefined: none, unless something has to be kept. */
  readonly name: string | undefined;
  /** Name of that run then. */
  readonly fallbackName: string;
  /** Takes the records behind a model that is to be written. */
  readonly spool: Spool | undefined;
  /** run.json of the run while it goes on. */
  startRecord(directory: RunDirectory): RunRecord;
}

/** One line of unreadable.jsonl. */
export interface UnreadableLine {
  /** First physical line of the stream, from 1, and how many there are. */
  readonly line: number;
  readonly lines: number;
  readonly problem: string;
  /** Pieces of a line that is too long for one, from 1. */
  readonly piece?: number;
  /** The bytes as text of base/path-text.ts: what is not UTF-8 stands as lone surrogates, escaped in JSON. Nothing is left out. */
  readonly text: string;
}

export class FileTraces implements ReplayTraces {
  readonly #options: TraceOptions;
  #directory: RunDirectory | undefined;
  #record: RunRecord | undefined;
  #trajectory: RecordLog | undefined;
  #forensics: RecordLog | undefined;
  #unreadable: RecordLog | undefined;

  /** Throws `StateError`, `RecordFileError` when the state directory can not be written. */
  constructor(options: TraceOptions) {
    this.#options = options;
    if (options.name === undefined) return;
    const { trajectory, forensics } = this.#open(options.name);
    this.#trajectory = openRecordLog(trajectory);
    this.#forensics = openRecordLog(forensics);
  }

  /** The run that is left, and what its run.json says so far. */
  get run(): { readonly directory: RunDirectory; readonly record: RunRecord } | undefined {
    const directory = this.#directory;
    const record = this.#record;
    return directory === undefined || record === undefined ? undefined : { directory, record };
  }

  identity(event: IdentityRecord): void {
    this.#keep(event);
    // forensics.jsonl explains itself: who everybody is comes before what they did
    this.#forensics?.append(writeRecord(event));
  }

  extended(event: SecurityEvent): void {
    this.#keep(event);
  }

  violated(event: SecurityEvent, mark: Mark): void {
    if (mark.number <= MAX_FORENSIC_RECORDS)
      this.#forensics?.append(addMark(writeRecord(event), mark));
  }

  unreadable(bytes: string, { line, lines }: Place, problem: string, piece?: number): void {
    this.#unreadable ??= openRecordLog(this.#open(this.#options.fallbackName).unreadable);
    const text = decodePath(Buffer.from(bytes, "latin1"));
    const entry: UnreadableLine = {
      line,
      lines,
      problem,
      ...(piece === undefined ? {} : { piece }),
      text,
    };
    this.#unreadable.append(JSON.stringify(entry));
  }

  /** Hands to the kernel what still waits. */
  close(): void {
    for (const log of [this.#trajectory, this.#forensics, this.#unreadable]) log?.close();
  }

  #keep(event: SecurityEvent): void {
    if (this.#trajectory === undefined && this.#options.spool === undefined) return;
    const line = writeRecord(event);
    this.#trajectory?.append(line);
    this.#options.spool?.append(line);
  }

  #open(name: string): RunDirectory {
    if (this.#directory !== undefined) return this.#directory;
    const directory = createRun(this.#options.stateRoot, name, new Date());
    this.#directory = directory;
    this.#record = this.#options.startRecord(directory);
    writeRun(directory, this.#record);
    return directory;
  }
}

/** Writes run.json anew. */
export function writeRun(directory: RunDirectory, record: RunRecord): void {
  writeAtomic(directory.run, `${JSON.stringify(record, null, 2)}\n`);
}
