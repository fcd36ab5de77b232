// SPDX-License-Identifier: Apache-2.0
// The feeds of all running workloads, and what a daemon that was killed leaves of them: feeds.json names the runs, the journal says how far
// each has been taken.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { quote } from "../../../base/quote.ts";
import { type RunDirectory, runFolder, writeAtomic } from "../../../orchestrator/inspect/index.ts";
import { JournalError, wordsOf } from "../errors.ts";
import { BATCH_BYTES, BATCH_ENTRIES, FEED_POLL_MS, HURRY_MS } from "../limits.ts";
import type { Entry, EntryKind, EntryWorkload, LifecycleFacts } from "./entry.ts";
import { Feed, FEED_START, type FeedState } from "./feed.ts";
import type { Journal } from "./journal.ts";
import { JournalReader } from "./reader.ts";

/** Entries of the journal between two writings of feeds.json: what has to be read again after a kill -9. */
const CHECKPOINT_ENTRIES = 10_000;

/** A run whose records are journaled. */
export interface OutputRun {
  readonly directory: RunDirectory;
  readonly workload: EntryWorkload;
}

/** How a run ended. */
interface Ending {
  readonly facts: LifecycleFacts;
  readonly time: Date;
}

interface Checkpoint {
  /** What stands in the journal from here on is not in `feeds`. */
  readonly at: number;
  readonly feeds: readonly {
    readonly path: string;
    readonly workload: EntryWorkload;
    readonly state: FeedState;
  }[];
}

export interface FeedsOptions {
  readonly journal: Journal;
  readonly folder: string;
  /** Kinds that some output wants. */
  readonly wanted: ReadonlySet<EntryKind>;
  /** The journal can not be written, or a run's file not be read: a sentence, told once of each until it works again. */
  onProblem(text: string): void;
}

export class Feeds {
  readonly #options: FeedsOptions;
  readonly #path: string;
  readonly #feeds = new Map<string, Feed>();
  /** Runs of an earlier daemon that nobody has claimed. */
  readonly #left = new Set<string>();
  readonly #endings = new Map<string, Ending>();
  #checkpointAt = 0;
  /** Runs have gone that feeds.json still names. */
  #changed = false;
  /** Runs whose files can not be read. */
  readonly #unreadable = new Set<string>();
  /** Where the journal could not be written. */
  #brokenAt: number | undefined;
  /** Why feeds.json could not be written. */
  #fault: string | undefined;
  #stopped = false;
  #polling: Promise<void> = Promise.resolve();
  #isPolling = false;
  #timer: NodeJS.Timeout | undefined;
  /** When the timer is due (performance.now). */
  #dueAt = Number.POSITIVE_INFINITY;

  /** @throws JournalError BAD_JOURNAL; Error of the file system */
  constructor(options: FeedsOptions) {
    this.#options = options;
    this.#path = join(options.folder, "feeds.json");
    this.#load();
    this.#pullSoon(FEED_POLL_MS);
  }

  /** Runs that an earlier daemon was journaling, and that nobody has claimed yet. */
  get left(): readonly string[] {
    return [...this.#left];
  }

  get(run: string): Feed | undefined {
    return this.#feeds.get(run);
  }

  /** Begins with a run, or goes on with one that an earlier daemon had. On return a kill -9 can not make it forgotten. */
  open(run: OutputRun): { readonly feed: Feed; readonly known: boolean } {
    const { run: id } = run.workload;
    const before = this.#feeds.get(id);
    this.#left.delete(id);
    if (before !== undefined) return { feed: before, known: true };
    const { journal, wanted } = this.#options;
    const feed = new Feed(journal, run, wanted);
    this.#feeds.set(id, feed);
    this.#checkpoint();
    return { feed, known: false };
  }

  /** The run has ended: what is left of it is taken, then it is said how, then it is forgotten. */
  end(run: string, facts: LifecycleFacts, time: Date = new Date()): void {
    if (!this.#feeds.has(run)) return;
    this.#endings.set(run, { facts, time });
    this.#pullSoon(0);
  }

  /** There is something that should not wait for the next look at the files. */
  hurry(): void {
    this.#pullSoon(HURRY_MS);
  }

  /** Takes what there is of all runs, a piece of each in turn: one that writes all the time does not keep the others waiting. */
  async pullAll(): Promise<void> {
    const { journal } = this.#options;
    for (let more = true; more; ) {
      more = false;
      for (const [run, feed] of this.#feeds) {
        const before = journal.next;
        more = this.#pull(run, feed) || more;
        // others than the outputs have their turn, however many runs have something
        if (journal.next !== before) await turn();
      }
      if (this.#changed || journal.next - this.#checkpointAt > CHECKPOINT_ENTRIES)
        this.#checkpoint();
    }
  }

  /** @returns true when there is more */
  #pull(run: string, feed: Feed): boolean {
    try {
      const ending = this.#endings.get(run);
      const more = feed.pull();
      if (ending !== undefined && !more) this.#close(run, feed, ending);
      this.#unreadable.delete(run);
      return more;
    } catch (error) {
      this.#told(error, feed);
      return false;
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#polling;
    await this.pullAll();
    this.#checkpoint();
  }

  #close(run: string, feed: Feed, { facts, time }: Ending): void {
    if (!feed.state.ended) feed.tell(facts, time);
    this.#endings.delete(run);
    this.#unreadable.delete(run);
    this.#feeds.delete(run);
    this.#left.delete(run);
    this.#changed = true;
  }

  /** A later wish never puts off an earlier one: a workload that violates all the time would hide what all of them do. */
  #pullSoon(afterMs: number): void {
    const at = performance.now() + afterMs;
    if (this.#stopped || this.#dueAt <= at) return;
    clearTimeout(this.#timer);
    this.#dueAt = at;
    this.#timer = setTimeout(() => {
      this.#dueAt = Number.POSITIVE_INFINITY;
      // while a round goes on the next one waits for the next look
      if (this.#isPolling) this.#pullSoon(HURRY_MS);
      else this.#polling = this.#poll();
    }, afterMs).unref();
  }

  async #poll(): Promise<void> {
    this.#isPolling = true;
    try {
      await this.pullAll();
      this.#fault = undefined;
    } catch (error) {
      const why = wordsOf(error);
      if (this.#fault !== why)
        this.#options.onProblem(`can not write ${quote(this.#path)}: ${why}`);
      this.#fault = why;
    }
    this.#isPolling = false;
    this.#pullSoon(FEED_POLL_MS);
  }

  #told(error: unknown, { workload: { run, name } }: Feed): void {
    const { journal, onProblem } = this.#options;
    const why = wordsOf(error);
    if (error instanceof JournalError) {
      if (this.#brokenAt !== journal.next) onProblem(why);
      this.#brokenAt = journal.next;
      return;
    }
    if (!this.#unreadable.has(run))
      onProblem(
        `can not take records of ${quote(name)} (run ${run}) to the outputs: ${quote(why)}`,
      );
    this.#unreadable.add(run);
  }

  #checkpoint(): void {
    const { journal } = this.#options;
    const feeds = [...this.#feeds.values()].map(({ directory, workload, state }) => ({
      path: directory.path,
      workload,
      state,
    }));
    const checkpoint: Checkpoint = { at: journal.next, feeds };
    writeAtomic(this.#path, `${JSON.stringify(checkpoint)}\n`);
    this.#checkpointAt = journal.next;
    this.#changed = false;
  }

  #load(): void {
    const { journal, wanted } = this.#options;
    if (!existsSync(this.#path)) {
      this.#checkpoint();
      return;
    }
    const { at, feeds } = readCheckpoint(this.#path);
    // a power cut has taken entries that count as taken: the runs' files are read from their beginning, and make the same ids
    const lost = at > journal.found + 1;
    const { trajectory, forensics } = FEED_START;
    const states = new Map(
      feeds.map(({ workload, state }) => [
        workload.run,
        lost ? { ...state, trajectory, forensics } : state,
      ]),
    );
    for (const entry of entriesFrom(journal, at)) advance(states, entry);
    for (const { path, workload } of feeds) {
      const { run, name } = workload;
      const directory = runFolder(path, { name, runId: run });
      const feed = new Feed(
        journal,
        { directory, workload },
        wanted,
        states.get(run) ?? FEED_START,
      );
      this.#feeds.set(run, feed);
      this.#left.add(run);
    }
    this.#checkpointAt = at;
  }
}

function readCheckpoint(path: string): Checkpoint {
  try {
    const read = JSON.parse(readFileSync(path, "utf8")) as Checkpoint;
    if (Number.isSafeInteger(read.at) && Array.isArray(read.feeds)) return read;
  } catch {
    // said below
  }
  throw new JournalError(
    "BAD_JOURNAL",
    `${quote(path)} does not say which runs are journaled; remove it, and what an earlier daemon had not journaled of its workloads stays in their run folders only`,
  );
}

function* entriesFrom(journal: Journal, from: number): Generator<Entry> {
  const reader = new JournalReader(journal, from);
  for (;;) {
    const { entries, missed } = reader.read({ entries: BATCH_ENTRIES, bytes: BATCH_BYTES });
    if (entries.length === 0 && missed === 0) return;
    yield* entries;
  }
}

function advance(states: Map<string, FeedState>, entry: Entry): void {
  const run = entry.workload?.run;
  const state = run === undefined ? undefined : states.get(run);
  if (run === undefined || state === undefined) return;
  if (entry.kind !== "lifecycle") {
    if (entry.source === undefined) return;
    const { line, end } = entry.source;
    states.set(run, { ...state, [entry.kind]: { line, end } });
    return;
  }
  const what = entry.lifecycle?.what;
  const ended = state.ended || what === "ended" || what === "failed";
  states.set(run, { ...state, lifecycle: state.lifecycle + 1, ended });
}
