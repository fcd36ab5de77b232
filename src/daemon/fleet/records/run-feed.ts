// SPDX-License-Identifier: Apache-2.0
// Items out of the files of one run: violations, behaviours, processes. How far each file was read goes onto the disk with the items.
import { statSync } from "node:fs";
import {
  describeEvent,
  parseRecord,
  RecordError,
  type SecurityEvent,
} from "../../../event/index.ts";
import {
  Actors,
  isIdentity,
  type Mark,
  type RunDirectory,
  readRecords,
  splitMark,
} from "../../../orchestrator/inspect/index.ts";
import type { BehaviourItem, Item, ProcessFact, ViolationItem } from "../../../wire/link/index.ts";
import { MAX_CHAIN, MAX_LINES, MAX_RECORD } from "../../../wire/link/index.ts";
import { tailOf, type TailLine } from "../../outputs/journal/tail.ts";
import { timeOf } from "../../outputs/journal/feed.ts";
import type { Entry } from "../outbox.ts";
import { cutWords } from "../words.ts";
import type { KnownBehaviours } from "./known.ts";

/** Longest line of a record file (bytes). */
const MAX_LINE_BYTES = 2 * 1024 * 1024;
const FILES = ["forensics", "trajectory", "processes"] as const;
type FileKind = (typeof FILES)[number];

/** How far a file was read: lines, and the offset behind them. */
export type Place = readonly [line: number, end: number];

/** Coefficients of what the run has learned. */
export interface Coefficients {
  introduce(record: SecurityEvent): void;
  /** hex; undefined: it is no behaviour. */
  of(event: SecurityEvent): string | undefined;
}

export interface FedRun {
  readonly run: string;
  readonly directory: RunDirectory;
  /** Digest of the model that it runs under. */
  readonly model?: string;
  /** undefined: what it has learned can not be told any more. */
  readonly coefficients?: Coefficients;
  /** Why a violation is one, in words; undefined: nothing more is known. */
  why?(number: number): string | undefined;
}

/** What was taken at a time. */
export interface Pulled {
  readonly entries: readonly Entry<Item>[];
  /** There is more. */
  readonly more: boolean;
  /** Why a file could not be read. */
  readonly fault?: unknown;
}

export class RunFeed {
  readonly #run: FedRun;
  readonly #known: KnownBehaviours;
  readonly #places: Record<FileKind, Place>;
  readonly #sizes = new Map<FileKind, number>();
  readonly #actors = new Actors();
  #actorsRead: boolean;

  /** @param marks of the spool: how far an earlier daemon came */
  constructor(run: FedRun, known: KnownBehaviours, marks: ReadonlyMap<string, unknown>) {
    this.#run = run;
    this.#known = known;
    const place = (kind: FileKind): Place => placeOf(marks.get(markKey(kind, run.run)));
    this.#places = {
      forensics: place("forensics"),
      trajectory: place("trajectory"),
      processes: place("processes"),
    };
    this.#actorsRead = FILES.every((kind) => this.#places[kind][1] === 0);
  }

  /** Keys of its marks. */
  static keys(run: string): readonly string[] {
    return FILES.map((kind) => markKey(kind, run));
  }

  /** Takes a bounded piece of each file. Never throws: what one file holds is told whatever is wrong with another one. */
  pull(now: number): Pulled {
    const entries: Entry<Item>[] = [];
    let more = false;
    let fault: unknown;
    for (const kind of FILES) {
      try {
        const piece = this.#pullFile(kind, now);
        entries.push(...piece.entries);
        more ||= piece.more;
      } catch (error) {
        fault ??= error;
      }
    }
    return { entries, more, ...(fault === undefined ? {} : { fault }) };
  }

  #pullFile(kind: FileKind, now: number): { entries: readonly Entry<Item>[]; more: boolean } {
    const nothing = { entries: [], more: false };
    if (kind === "trajectory" && this.#run.coefficients === undefined) return nothing;
    const path = this.#run.directory[kind];
    const [line, end] = this.#places[kind];
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (size === end || size === this.#sizes.get(kind)) return nothing;
    const { lines, more } = tailOf(path, end, MAX_LINE_BYTES);
    if (!more) this.#sizes.set(kind, size);
    if (lines.length === 0) return nothing;
    this.#readActors();
    const places = lines.map((each, at): Place => [line + at + 1, each.end]);
    this.#places[kind] = places.at(-1) ?? [line, end];
    if (kind === "processes") return { entries: this.#processes(lines, places, now), more };
    const entries = lines.flatMap((each, at) => {
      const items = this.#items(kind, each, places[at]?.[0] ?? 0);
      if (items.length === 0) return [];
      const marks = { [markKey(kind, this.#run.run)]: places[at] };
      return [{ items, marks, weight: kind === "forensics" ? "vital" : "usual" } as const];
    });
    return { entries, more };
  }

  #items(kind: "forensics" | "trajectory", { text }: TailLine, line: number): readonly Item[] {
    const { record, mark } = splitMark(text);
    const event = parsed(record);
    if (event === undefined) return [];
    if (isIdentity(event)) {
      this.#actors.add(event);
      this.#run.coefficients?.introduce(event);
      return [];
    }
    const told = { record, event, at: timeOf(record).getTime() };
    if (kind === "trajectory") {
      const coefficient = this.#run.coefficients?.of(event);
      return coefficient === undefined ? [] : this.#behaviour(told, coefficient, true);
    }
    if (mark === undefined || mark.kind !== "violation") return [];
    const violation = this.#violation(told, mark, line);
    const { coefficient } = mark;
    const behaviour = coefficient === undefined ? [] : this.#behaviour(told, coefficient, false);
    return [violation, ...behaviour];
  }

  #violation({ record, event, at }: Told, mark: Mark, line: number): ViolationItem {
    const { run, model } = this.#run;
    const { number, decision, coefficient, heldUs, reason } = mark;
    const why = reason ?? this.#run.why?.(number) ?? "it is not in the model";
    const chain = this.#actors.chainOf(event.task).map((actor) => actor.program ?? null);
    return {
      kind: "violation",
      id: `${run}/forensics/${line}`,
      ...{ at, run, number, decision },
      ...this.#who(event),
      why: cutWords(why),
      chain: chain.slice(-MAX_CHAIN),
      ...(coefficient === undefined ? {} : { coefficient }),
      ...(model === undefined ? {} : { model }),
      ...(heldUs === undefined ? {} : { heldUs }),
      record: recordText(record),
    };
  }

  /** Once: what a coefficient stands for does not change. */
  #behaviour({ record, event, at }: Told, coefficient: string, valid: boolean): BehaviourItem[] {
    if (!this.#known.add(coefficient)) return [];
    const { run } = this.#run;
    const who = this.#who(event);
    return [{ kind: "behaviour", at, run, coefficient, ...who, valid, record: recordText(record) }];
  }

  #who(event: SecurityEvent): Pick<ViolationItem, "words" | "hook" | "program"> {
    const program = this.#actors.programOf(event.task.taskId);
    const words = describeEvent(event, (taskId) => this.#actors.programOf(taskId));
    const who = program === undefined ? {} : { program };
    return { words: cutWords(words), hook: event.hook, ...who };
  }

  #processes(lines: readonly TailLine[], places: readonly Place[], at: number): Entry<Item>[] {
    const { run } = this.#run;
    const entries: Entry<Item>[] = [];
    for (let from = 0; from < lines.length; from += MAX_LINES) {
      const some = lines.slice(from, from + MAX_LINES);
      const processes = some.flatMap(({ text }) => factOf(text));
      const place = places[from + some.length - 1];
      const marks = { [markKey("processes", run)]: place };
      if (processes.length > 0)
        entries.push({ items: [{ kind: "processes", at, run, processes }], weight: "bulk", marks });
    }
    return entries;
  }

  /** After a restart: who is behind the TASK_IDs of what was told already. */
  #readActors(): void {
    if (this.#actorsRead) return;
    this.#actorsRead = true;
    for (const kind of ["trajectory", "forensics"] as const) {
      if (statSync(this.#run.directory[kind], { throwIfNoEntry: false }) === undefined) continue;
      try {
        for (const { event } of readRecords(this.#run.directory[kind])) {
          if (!isIdentity(event)) continue;
          this.#actors.add(event);
          this.#run.coefficients?.introduce(event);
        }
      } catch {
        // then some programs have no name
      }
    }
  }
}

interface Told {
  readonly record: string;
  readonly event: SecurityEvent;
  readonly at: number;
}

function markKey(kind: FileKind, run: string): string {
  return `${kind} ${run}`;
}

function placeOf(mark: unknown): Place {
  const [line, end] = Array.isArray(mark) ? (mark as unknown[]) : [];
  return Number.isSafeInteger(line) && Number.isSafeInteger(end)
    ? [Number(line), Number(end)]
    : [0, 0];
}

/** One that this version can not read has no words. */
function parsed(record: string): SecurityEvent | undefined {
  try {
    return parseRecord(record);
  } catch (error) {
    if (error instanceof RecordError) return undefined;
    throw error;
  }
}

/** A record of a length that no fleet takes stays in the file of its run. */
function recordText(record: string): string {
  return record.length <= MAX_RECORD ? record : JSON.stringify({ cut: record.length });
}

function factOf(text: string): ProcessFact[] {
  try {
    const line = JSON.parse(text) as Partial<ProcessFact> & { readonly what?: string };
    const { what, at, pid, ppid, name, task, untrusted } = line;
    if (what !== "start" && what !== "exec" && what !== "end") return [];
    if (at === undefined || pid === undefined || name === undefined || task === undefined)
      return [];
    return [
      {
        ...{ what, at, pid, name, task },
        ...(ppid === undefined ? {} : { ppid }),
        ...(untrusted === undefined ? {} : { untrusted }),
      },
    ];
  } catch {
    return [];
  }
}
