// SPDX-License-Identifier: Apache-2.0
// Takes the records of one run out of its files into the journal. How far it has come stands in the journal's entries themselves, so that a kill -9
// neither loses a record nor makes one twice.
import { statSync } from "node:fs";
import { describeEvent, parseRecord, RecordError } from "../../../event/index.ts";
import type { SecurityEvent } from "../../../event/index.ts";
import {
  Actors,
  isIdentity,
  type RunDirectory,
  readRecords,
  splitMark,
} from "../../../orchestrator/inspect/index.ts";
import type { EntryBody, EntryKind, EntryWorkload, LifecycleFacts } from "./entry.ts";
import type { Journal, NewEntry } from "./journal.ts";
import { type TailLine, tailOf } from "./tail.ts";

/** Longest line of a record file (bytes). */
const MAX_LINE_BYTES = 2 * 1024 * 1024;
/** Quotation marks inside of texts are escaped in records, so this can only be the member itself. */
const IDENTITY = '"type": "bprm_committed_creds"';
const TS = /"ts": "(\d+)"/;
/** Older than that, or of the future: the clock was another one (the machine was started anew). */
const MAX_AGE_MS = 24 * 3_600_000;

/** Kinds that are files. */
export type FileKind = Exclude<EntryKind, "lifecycle">;
const FILE_KINDS: readonly FileKind[] = ["trajectory", "forensics"];

/** How far a run has been taken. */
export interface FeedState {
  readonly trajectory: { readonly line: number; readonly end: number };
  readonly forensics: { readonly line: number; readonly end: number };
  /** Lifecycle entries. */
  readonly lifecycle: number;
  /** The last of them said how the run ended. */
  readonly ended: boolean;
}

export const FEED_START: FeedState = {
  trajectory: { line: 0, end: 0 },
  forensics: { line: 0, end: 0 },
  lifecycle: 0,
  ended: false,
};

export class Feed {
  readonly directory: RunDirectory;
  readonly workload: EntryWorkload;
  readonly #journal: Journal;
  readonly #wanted: ReadonlySet<EntryKind>;
  readonly #actors = new Actors();
  #state: FeedState;
  /** The records behind #state name actors that have to be read again. */
  #actorsRead: boolean;
  /** Sizes of the files when they were read to their end. */
  readonly #sizes = new Map<FileKind, number>();

  constructor(
    journal: Journal,
    run: { readonly directory: RunDirectory; readonly workload: EntryWorkload },
    wanted: ReadonlySet<EntryKind>,
    state: FeedState = FEED_START,
  ) {
    this.#journal = journal;
    this.directory = run.directory;
    this.workload = run.workload;
    this.#wanted = wanted;
    this.#state = state;
    this.#actorsRead = state.forensics.end === 0 && state.trajectory.end === 0;
  }

  get state(): FeedState {
    return this.#state;
  }

  /** Takes a bounded piece of each file. @returns true when there is more @throws JournalError; Error of the file system */
  pull(): boolean {
    let more = false;
    for (const kind of FILE_KINDS) if (this.#wanted.has(kind)) more = this.#pullFile(kind) || more;
    return more;
  }

  /** Says what became of the workload. @throws JournalError */
  tell(facts: LifecycleFacts, time: Date = new Date()): void {
    const lifecycle = this.#state.lifecycle + 1;
    const id = `${this.workload.run}/lifecycle/${lifecycle}`;
    const body: EntryBody = {
      id,
      time: time.toISOString(),
      kind: "lifecycle",
      workload: this.workload,
      lifecycle: facts,
    };
    this.#journal.append([{ body }]);
    const ended = facts.what === "ended" || facts.what === "failed";
    this.#state = { ...this.#state, lifecycle, ended: this.#state.ended || ended };
  }

  #pullFile(kind: FileKind): boolean {
    const path = this.directory[kind];
    const { line, end } = this.#state[kind];
    // most runs are quiet most of the time: one look at the size is all they cost
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (size === end || size === this.#sizes.get(kind)) return false;
    const piece = tailOf(path, end, MAX_LINE_BYTES);
    if (piece.lines.length > 0) {
      this.#readActors();
      const entries = piece.lines.flatMap((each, at) => this.#entry(kind, line + at + 1, each));
      this.#journal.append(entries);
      const last = piece.lines.at(-1)?.end ?? end;
      this.#state = { ...this.#state, [kind]: { line: line + piece.lines.length, end: last } };
    }
    // only now: what the journal could not take has to be read again, also when the file does not grow any more
    if (!piece.more) this.#sizes.set(kind, size);
    return piece.more;
  }

  #entry(kind: FileKind, line: number, { text, end }: TailLine): NewEntry[] {
    const { record, mark } = splitMark(text);
    const event = kind === "forensics" || record.includes(IDENTITY) ? parsed(record) : undefined;
    if (event !== undefined && isIdentity(event)) {
      this.#actors.add(event);
      // there only so that the file explains itself: the trajectory has told it
      if (kind === "forensics") return [];
    }
    const body: EntryBody = {
      id: `${this.workload.run}/${kind}/${line}`,
      time: timeOf(record).toISOString(),
      kind,
      workload: this.workload,
      source: { file: `${kind}.jsonl`, line, end },
      ...(event === undefined ? {} : this.#who(event)),
      ...(mark === undefined ? {} : { mark }),
    };
    return [{ body, recordText: isObject(record) ? record : JSON.stringify(record) }];
  }

  #who(event: SecurityEvent): Pick<EntryBody, "program" | "chain" | "words"> {
    const chain = this.#actors.chainOf(event.task).map((actor) => actor.program ?? null);
    const program = this.#actors.programOf(event.task.taskId);
    return {
      ...(program === undefined ? {} : { program }),
      chain,
      words: describeEvent(event, (taskId) => this.#actors.programOf(taskId)),
    };
  }

  /** After a restart: who is behind the TASK_IDs of what has been taken already. */
  #readActors(): void {
    if (this.#actorsRead) return;
    this.#actorsRead = true;
    for (const kind of FILE_KINDS) {
      if (statSync(this.directory[kind], { throwIfNoEntry: false }) === undefined) continue;
      try {
        for (const { event } of readRecords(this.directory[kind]))
          if (isIdentity(event)) this.#actors.add(event);
      } catch {
        // then some programs have no name
      }
    }
  }
}

/** A record that this version can not read is passed on as it is. */
function parsed(record: string): SecurityEvent | undefined {
  try {
    return parseRecord(record);
  } catch (error) {
    if (error instanceof RecordError) return undefined;
    throw error;
  }
}

function isObject(text: string): boolean {
  try {
    return text.startsWith("{") && typeof JSON.parse(text) === "object";
  } catch {
    return false;
  }
}

/** The event's own time where its clock is ours, else now. */
export function timeOf(record: string): Date {
  const now = Date.now();
  const ns = TS.exec(record)?.[1];
  // 0: the sensor has no clock
  if (ns === undefined || ns === "0") return new Date(now);
  const ageMs = Number(process.hrtime.bigint() - BigInt(ns)) / 1e6;
  return new Date(ageMs >= 0 && ageMs < MAX_AGE_MS ? now - ageMs : now);
}
