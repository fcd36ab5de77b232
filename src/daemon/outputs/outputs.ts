// SPDX-License-Identifier: Apache-2.0
// The outputs of a daemon: journal, feeds of the workloads that run, one pump for each configured output.
import { existsSync } from "node:fs";
import { quote } from "../../base/quote.ts";
import {
  newRunId,
  readRunRecord,
  type RunDirectory,
  type RunRecord,
} from "../../orchestrator/inspect/index.ts";
import type { JournalConfig, OutputConfig } from "./config.ts";
import { SinkError, wordsOf } from "./errors.ts";
import { Cursor } from "./journal/cursor.ts";
import { ENTRY_KINDS, type EntryKind, type LifecycleFacts } from "./journal/entry.ts";
import { Feeds, type OutputRun } from "./journal/feeds.ts";
import { Journal } from "./journal/journal.ts";
import { DRAIN_MS, MAX_JOURNAL_BYTES } from "./limits.ts";
import { formatOf, makeSink, type SinkSurroundings } from "./make-sink.ts";
import { type OutputStatus, Pump } from "./pump.ts";
import type { Format, Sink } from "./sinks/sink.ts";

export interface OutputsOptions extends SinkSurroundings {
  /** Of journal and cursors; made when it is not there. */
  readonly folder: string;
  readonly journal: JournalConfig;
  readonly outputs: readonly OutputConfig[];
  onNotice(text: string): void;
}

export interface OutputsStatus {
  readonly journal: {
    readonly entries: number;
    readonly bytes: number;
    readonly maxBytes: number;
  };
  readonly outputs: readonly OutputStatus[];
}

/** @throws SinkError BAD_SETTING; JournalError */
export async function openOutputs(options: OutputsOptions): Promise<Outputs> {
  return new Outputs(options, await prepare(options));
}

interface Prepared {
  readonly config: OutputConfig;
  readonly name: string;
  readonly sink: Sink;
  readonly format: Format;
}

type Settings = Pick<OutputsOptions, "outputs" | "version" | "env">;

async function prepare(settings: Settings): Promise<Prepared[]> {
  return Promise.all(
    settings.outputs.map(async (config) => {
      const name = config.name ?? config.kind;
      try {
        const sink = await makeSink(config, settings);
        return { config, name, sink, format: formatOf(config, settings) };
      } catch (error) {
        if (!(error instanceof SinkError)) throw error;
        const message = `output ${quote(name)}: ${error.message}`;
        throw new SinkError(error.code, message, { cause: error });
      }
    }),
  );
}

export class Outputs {
  readonly #options: OutputsOptions;
  readonly #folder: string;
  readonly #journal: Journal;
  readonly #feeds: Feeds;
  /** Kinds that some output wants. */
  readonly #wanted: Set<EntryKind>;
  #pumps: readonly Pump[];
  #closed = false;
  /** Of this start of the daemon. */
  readonly #id = `daemon-${newRunId(new Date())}`;
  #told = 0;

  constructor(options: OutputsOptions, prepared: readonly Prepared[]) {
    this.#options = options;
    this.#folder = options.folder;
    const cursors = prepared.map(({ name }) => new Cursor(this.#folder, name));
    const used = cursors.map(({ state }) => (state?.next ?? 1) - 1);
    const usedUpTo = Math.max(0, ...used);
    this.#journal = new Journal({ folder: this.#folder, maxBytes: limitOf(options), usedUpTo });
    this.#pumps = prepared.map((each) => this.#pumpOf(each));
    this.#journal.keepFrom(() =>
      this.#pumps.reduce((lowest, { next }) => Math.min(lowest, next), this.#journal.next),
    );
    this.#wanted = new Set(wantedBy(prepared));
    this.#feeds = new Feeds({
      journal: this.#journal,
      folder: this.#folder,
      wanted: this.#wanted,
      onProblem: (text) => options.onNotice(text),
    });
    this.#tellDaemon("daemon-started", this.#beginning());
  }

  /** Runs that an earlier daemon was journaling, and that nobody has claimed yet. */
  get left(): readonly string[] {
    return this.#feeds.left;
  }

  /** Other outputs from now on; those that stay go on where they were. @throws SinkError BAD_SETTING, JournalError: nothing has changed then */
  async reconfigure(options: Pick<OutputsOptions, "outputs" | "journal">): Promise<void> {
    const prepared = await prepare({ ...this.#options, ...options });
    // one that can not be read is found here
    for (const { name } of prepared) new Cursor(this.#folder, name);
    const before = this.#pumps;
    await Promise.all(before.map((pump) => pump.close(0)));
    if (this.#closed) return;
    this.#journal.maxBytes = limitOf(options);
    this.#pumps = prepared.map((each) => this.#pumpOf(each));
    this.#wanted.clear();
    for (const kind of wantedBy(prepared)) this.#wanted.add(kind);
  }

  /** A workload begins, or an earlier daemon's goes on under this one. Call it before the workload does anything. */
  started(run: OutputRun, words: string): void {
    const { feed, known } = this.#feeds.open(run);
    feed.tell({ what: known ? "adopted" : "started", text: words });
  }

  /** A violation has been reported: its record is on its way into the run's files. */
  violated(): void {
    this.#feeds.hurry();
  }

  /** Something that a person should know. */
  notice(run: string, text: string): void {
    this.#feeds.get(run)?.tell({ what: "notice", text });
  }

  /** Journals what is left of a run's records, then its end as its run.json tells it. @param error why it failed, when it did */
  ended(run: OutputRun, error?: string): void {
    if (this.#feeds.get(run.workload.run) === undefined) this.#feeds.open(run);
    const { facts, time } = endOf(run.directory, error);
    this.#feeds.end(run.workload.run, facts, time);
  }

  /** A run of `left` that has no other owner: what is left of it is journaled, and its end. */
  settle(id: string): void {
    const feed = this.#feeds.get(id);
    if (feed !== undefined) this.ended(feed);
  }

  status(): OutputsStatus {
    const { next, first, bytes, maxBytes } = this.#journal;
    return {
      journal: { entries: next - first, bytes, maxBytes },
      outputs: this.#pumps.map((pump) => pump.status()),
    };
  }

  /** Journals what there is, gives the outputs a moment, and ends. What they have not had, the next daemon sends. */
  async close(drainMs: number = DRAIN_MS): Promise<void> {
    this.#closed = true;
    try {
      await this.#feeds.stop();
      this.#tellDaemon("daemon-ended", "the daemon ends");
    } catch (error) {
      this.#options.onNotice(`the end of the daemon is not journaled: ${wordsOf(error)}`);
    }
    await Promise.all(this.#pumps.map((pump) => pump.close(drainMs)));
    this.#journal.close();
  }

  #pumpOf({ config, name, sink, format }: Prepared): Pump {
    const { records, start = "now", kind } = config;
    const batch = "batch" in config && config.batch !== undefined ? { batch: config.batch } : {};
    const parts = { name, kind, sink, format, start, ...batch, journal: this.#journal };
    const { onNotice } = this.#options;
    const kinds = new Set(records ?? ENTRY_KINDS);
    return new Pump({ ...parts, kinds, onNotice }, new Cursor(this.#folder, name));
  }

  #beginning(): string {
    const { left } = this.#feeds;
    const cut =
      this.#journal.cutBytes === 0
        ? ""
        : "; the last entry of the journal was cut and is written anew";
    const lost =
      left.length === 0
        ? ""
        : `; an earlier one ended without word and had ${left.length} workloads`;
    return `the daemon starts${lost}${cut}`;
  }

  #tellDaemon(what: LifecycleFacts["what"], text: string): void {
    this.#told += 1;
    const id = `${this.#id}/lifecycle/${this.#told}`;
    const time = new Date().toISOString();
    this.#journal.append([{ body: { id, time, kind: "lifecycle", lifecycle: { what, text } } }]);
  }
}

function limitOf({ journal }: Pick<OutputsOptions, "journal">): number {
  return journal["max-bytes"] ?? MAX_JOURNAL_BYTES;
}

/** Records go through the journal only where an output wants them; what became of workloads always does. */
function wantedBy(prepared: readonly Prepared[]): ReadonlySet<EntryKind> {
  return new Set<EntryKind>([
    "lifecycle",
    ...prepared.flatMap(({ config }) => config.records ?? ENTRY_KINDS),
  ]);
}

/** How a run ended, as run.json tells it. */
function endOf(
  directory: RunDirectory,
  error: string | undefined,
): { readonly facts: LifecycleFacts; readonly time?: Date } {
  const record = readOrNot(directory);
  if (record?.outcome === undefined || error !== undefined) {
    const why =
      error ?? record?.error ?? "the daemon ended; what happened after that is not recorded";
    return { facts: { what: "failed", text: why } };
  }
  const { exit, killed, counts, state, measurement, ended } = record.outcome;
  const { events, points, violations, refused, lost } = counts;
  const how =
    exit === undefined ? "" : "code" in exit ? ` with status ${exit.code}` : ` by ${exit.signal}`;
  return {
    facts: {
      what: "ended",
      text: `${record.name} ended${how}${killed === undefined ? "" : `: killed, ${killed}`}`,
      outcome: {
        ...(exit === undefined ? {} : { exit }),
        ...(killed === undefined ? {} : { killed }),
        ...{ events, points, violations, refused, lost, state, measurement },
      },
    },
    time: new Date(ended),
  };
}

function readOrNot(directory: RunDirectory): RunRecord | undefined {
  if (!existsSync(directory.run)) return undefined;
  try {
    return readRunRecord(directory.run);
  } catch {
    return undefined;
  }
}
