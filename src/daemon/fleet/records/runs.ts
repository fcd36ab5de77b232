// SPDX-License-Identifier: Apache-2.0
// What the fleet is to be told of this host's runs, those of an earlier daemon among them: the table of workloads, and what is read from their files.
import { quote } from "../../../base/quote.ts";
import { runFolder } from "../../../orchestrator/inspect/index.ts";
import type { Item } from "../../../wire/link/index.ts";
import type { LifecycleEvent } from "../../registry/lifecycle.ts";
import type { ManagedRun } from "../../registry/managed-run.ts";
import type { Registry } from "../../registry/registry.ts";
import { isWithin } from "../clock.ts";
import { PULL_MS, TABLE_MS } from "../limits.ts";
import type { Entry } from "../outbox.ts";
import { type Ending, WorkloadTable } from "../table.ts";
import { cutWords } from "../words.ts";
import type { BegunRuns } from "./begun.ts";
import type { KnownBehaviours } from "./known.ts";
import {
  endWords,
  fedRun,
  isRunMark,
  type LastWord,
  leftEnding,
  pointsOf,
  type RunMark,
} from "./run-facts.ts";
import { RunFeed } from "./run-feed.ts";
import { WhyBudget } from "./why.ts";

export interface RunsParts {
  readonly registry: Registry;
  readonly known: KnownBehaviours;
  readonly begun: BegunRuns<unknown>;
  /** Of the spool. */
  readonly marks: ReadonlyMap<string, unknown>;
  put(entry: Entry<Item>): void;
  /** Sources wait while this is so. */
  full(): boolean;
  now(): number;
  onProblem(text: string): void;
}

interface Fed {
  readonly feed: RunFeed;
  /** Of a run of an earlier daemon. */
  readonly mark?: RunMark;
  readonly name: string;
  /** It has ended: what is left of its files is told, then this. */
  ending?: LastWord;
}

const RUN = "run ";

export class Runs {
  readonly table: WorkloadTable;
  readonly #parts: RunsParts;
  readonly #fed = new Map<string, Fed>();
  readonly #unreadable = new Set<string>();
  readonly #budget = new WhyBudget(() => performance.now());
  #lookedAt = 0;

  constructor(parts: RunsParts) {
    this.#parts = parts;
    this.table = new WorkloadTable(parts.marks.get(WorkloadTable.mark), parts.now());
    const claimed = new Set(parts.registry.left().map(({ id }) => id));
    for (const [key, mark] of parts.marks) if (key.startsWith(RUN)) this.#left(mark, claimed);
    for (const mark of parts.begun.left()) this.#left(mark, claimed);
    for (const run of parts.registry.list()) this.#begin(run);
  }

  hear(event: LifecycleEvent): void {
    switch (event.type) {
      case "started":
        this.#begin(event.run);
        return;
      case "notice":
        this.notice("info", event.text, event.run.id);
        return;
      case "ended":
        this.#end(event.run, "ended", endWords(event.run));
        return;
      case "failed":
        this.#end(event.run, "failed", event.error.message);
        return;
      case "orphaned": {
        const { id } = event.entry;
        const goesOn = this.#parts.registry.list().some((run) => run.id === id);
        if (goesOn) this.notice("warning", event.what, id);
        else this.#settle(id, event.what);
        return;
      }
      case "violation":
    }
  }

  notice(level: "info" | "warning" | "error", text: string, run?: string): void {
    const at = this.#parts.now();
    const whose = run === undefined ? {} : { run };
    const item: Item = { kind: "notice", at, level, words: cutWords(text), ...whose };
    this.#parts.put({ items: [item], weight: "vital" });
  }

  /** What has changed of those that run; not each time that somebody hurries for something else. */
  look(): void {
    const { registry, put, now } = this.#parts;
    if (isWithin(this.#lookedAt, now(), TABLE_MS / 2)) return;
    this.#lookedAt = now();
    for (const run of registry.list()) {
      const entry = this.table.look(run.status(), now());
      if (entry !== undefined) put(entry);
    }
  }

  /** The whole table, and the sets behind these states. */
  tell({
    table = false,
    states = [],
  }: {
    readonly table?: boolean;
    readonly states?: readonly string[];
  }): void {
    const { registry, put, now } = this.#parts;
    const runs = registry.list();
    if (table) {
      const statuses = runs.map((run) => run.status());
      for (const entry of this.table.whole(statuses, now())) put(entry);
    }
    for (const state of states) {
      const run = runs.find((each) => each.status().state === state);
      if (run !== undefined)
        for (const item of pointsOf(run, state, now())) put({ items: [item], weight: "usual" });
    }
  }

  /** Takes what there is in the files of all runs, a piece of each, as long as PULL_MS allow. @returns true when there is more */
  pull(): boolean {
    const end = performance.now() + PULL_MS;
    let more = false;
    for (const [run, fed] of [...this.#fed]) {
      if (this.#parts.full()) return false;
      const pulled = this.#pull(run, fed);
      more ||= pulled.more;
      if (!pulled.told) continue;
      // who had his turn is the last one of the next round
      if (this.#fed.delete(run)) this.#fed.set(run, fed);
      if (performance.now() > end) return true;
    }
    return more;
  }

  #pull(run: string, fed: Fed): { readonly more: boolean; readonly told: boolean } {
    const { put, now } = this.#parts;
    const { entries, more, fault } = fed.feed.pull(now());
    for (const entry of entries) put(entry);
    if (fault === undefined) this.#unreadable.delete(run);
    else this.#notReadable(run, fed.name, fault);
    if (!more && fed.ending !== undefined) this.#close(run, fed.ending);
    return { more, told: entries.length > 0 };
  }

  #notReadable(run: string, name: string, fault: unknown): void {
    if (this.#unreadable.has(run)) return;
    this.#unreadable.add(run);
    const why = fault instanceof Error ? fault.message : String(fault);
    this.#parts.onProblem(
      `can not tell the fleet what is in the files of ${quote(name)} (run ${run}): ${quote(why, 200)}`,
    );
  }

  /**
   * With the last word about a run its marks go: with what comes onto the disk last of it, as a daemon that is killed before that has to know of the
   * run. The next one tells its end again then, which changes nothing.
   */
  #close(run: string, { ending, last }: LastWord): void {
    const { put, now } = this.#parts;
    const entry = this.table.end(run, ending, last, now());
    const [item] = entry.items;
    put(entry);
    const keys = [`${RUN}${run}`, ...RunFeed.keys(run)];
    const marks = Object.fromEntries(keys.map((key) => [key, null]));
    if (item?.kind === "workload")
      put({
        items: [{ kind: "counts", at: now(), run, counts: item.counts }],
        weight: "bulk",
        marks,
      });
    this.#fed.delete(run);
    this.#unreadable.delete(run);
  }

  #begin(run: ManagedRun): void {
    const { put, now, known, marks, begun, onProblem } = this.#parts;
    const status = run.status();
    const entry = this.table.look(status, now());
    const [item] = entry?.items ?? [];
    if (entry !== undefined && item?.kind === "workload") {
      const mark: RunMark = { path: run.directory.path, item };
      try {
        begun.add(mark);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        onProblem(
          `a kill -9 in the next moments would hide a run from the fleet: ${quote(why, 200)}`,
        );
      }
      put({ ...entry, marks: { ...entry.marks, [`${RUN}${run.id}`]: mark } });
    }
    this.#fed.set(run.id, {
      name: run.name,
      feed: new RunFeed(fedRun(run, this.#budget), known, marks),
    });
  }

  #end(run: ManagedRun, status: Ending["status"], outcome: string): void {
    const fed = this.#fed.get(run.id);
    if (fed === undefined) return;
    fed.ending = { ending: { status, ended: this.#parts.now(), outcome }, last: run.status() };
  }

  /** Of an earlier daemon. */
  #left(mark: unknown, claimed: ReadonlySet<string>): void {
    if (!isRunMark(mark) || this.#fed.has(mark.item.run)) return;
    const { path, item } = mark;
    const { run, name } = item;
    const directory = runFolder(path, { name, runId: run });
    const { known, marks } = this.#parts;
    const model = item.model === undefined ? {} : { model: item.model.digest };
    const feed = new RunFeed({ run, directory, ...model }, known, marks);
    this.#fed.set(run, { name, feed, mark });
    // those with a file of their own are dealt with by whoever recovers workloads
    if (!claimed.has(run)) this.#settle(run, undefined);
  }

  /** A run that nobody goes on with. */
  #settle(run: string, what: string | undefined): void {
    const fed = this.#fed.get(run);
    if (fed?.mark !== undefined) fed.ending = leftEnding(fed.mark, what, this.#parts.now());
  }
}
