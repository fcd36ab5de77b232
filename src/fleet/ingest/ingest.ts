// SPDX-License-Identifier: Apache-2.0
// Stores batches of parcels until they are stored: waits for the database, puts aside what can never be stored, then tells hosts and consoles.
import { setTimeout as delay } from "node:timers/promises";
import { quote } from "../../base/quote.ts";
import { MAX_RANGES } from "../../wire/link/index.ts";
import type { Committed, ItemKind, Parcel } from "../../wire/link/index.ts";
import type { FleetContext } from "../server/context.ts";
import { dbText } from "../store/index.ts";
import type { Arrived, ItemApplier } from "./applier.ts";
import { ofKind } from "./applier.ts";
import { ITEM_APPLIERS } from "./appliers.ts";
import { storeParcels, storeWith } from "./batch.ts";
import type { SpoolNow, Stored } from "./batch.ts";
import { isLasting, wordsOf } from "./database-faults.ts";
import { COMPLAIN_MS, MAX_ABOVE, MAX_RETRY_MS, MIN_RETRY_MS } from "./limits.ts";
import { committedRanges } from "./progress.ts";

/** Numbers of this server since it began, for its metrics. */
export interface IngestCounts {
  parcels: number;
  duplicates: number;
  items: number;
  violations: number;
  batches: number;
  /** Times that the database did not take a batch. */
  failures: number;
  /** Parcels that were put aside. */
  rejected: number;
  /** Parcels that no host of ours has sent, or that nobody can read. */
  refused: number;
  /** ms that batches took, together */
  spentMs: number;
}

export type IngestContext = Pick<FleetContext, "store" | "bus" | "now" | "tell">;

export class Ingest {
  readonly counts: IngestCounts = {
    parcels: 0,
    duplicates: 0,
    items: 0,
    violations: 0,
    batches: 0,
    failures: 0,
    rejected: 0,
    refused: 0,
    spentMs: 0,
  };
  readonly #context: IngestContext;
  readonly #appliers: ItemApplier[] = [...ITEM_APPLIERS];
  #complained = 0;
  #toldCrowded = 0;

  constructor(context: IngestContext) {
    this.#context = context;
  }

  /** Items of a kind are given to it from now on; when parts start, nothing has come yet. */
  register<K extends ItemKind>(applier: ItemApplier<K>): void {
    this.#appliers.push(applier as unknown as ItemApplier);
  }

  /**
   * Returns when all of them are stored, and their hosts were told.
   * @param signal gives up waiting for the database @throws the signal's reason
   */
  async take(parcels: readonly Parcel[], signal: AbortSignal): Promise<void> {
    const began = performance.now();
    const stored = await this.#untilStored(parcels, signal);
    this.counts.spentMs += performance.now() - began;
    for (const one of stored) this.#tellAll(one);
  }

  async #untilStored(parcels: readonly Parcel[], signal: AbortSignal): Promise<Stored[]> {
    for (let pause = MIN_RETRY_MS; ; pause = Math.min(2 * pause, MAX_RETRY_MS)) {
      try {
        const { store, now } = this.#context;
        return [this.#counted(await storeParcels(store, this.#appliers, parcels, now()), parcels)];
      } catch (error) {
        this.counts.failures += 1;
        if (isLasting(error)) return this.#oneByOne(parcels, error, signal);
        this.#complain(error);
        await delay(pause, undefined, { signal });
      }
    }
  }

  /** One of them can not be stored, now or ever: it is put aside, as it came, and the others are stored. */
  async #oneByOne(
    parcels: readonly Parcel[],
    error: unknown,
    signal: AbortSignal,
  ): Promise<Stored[]> {
    const [only, another] = parcels;
    if (only !== undefined && another === undefined) return [await this.#reject(only, error)];
    const stored: Stored[] = [];
    for (const parcel of parcels) stored.push(...(await this.#untilStored([parcel], signal)));
    return stored;
  }

  async #reject(parcel: Parcel, error: unknown): Promise<Stored> {
    const { host, epoch, seq } = parcel;
    const { store, now, tell } = this.#context;
    const why = wordsOf(error);
    const row = { host, epoch, seq, at: now(), why: dbText(why), body: JSON.stringify(parcel) };
    const stored = await storeWith(store, [parcel], async (tx) => {
      await tx.insertInto("rejected").values(row).execute();
    });
    this.counts.rejected += 1;
    tell(
      "error",
      `parcel ${epoch}.${seq} of ${host} can not be stored and was put aside (table rejected): ${quote(why)}`,
    );
    return { ...stored, items: [] };
  }

  #counted(stored: Stored, parcels: readonly Parcel[]): Stored {
    const { counts } = this;
    const refused = parcels.filter(({ host }) => stored.refused.has(host)).length;
    counts.batches += 1;
    counts.parcels += parcels.length - stored.duplicates - refused;
    counts.duplicates += stored.duplicates;
    counts.refused += refused;
    counts.items += stored.items.length;
    counts.violations += ofKind(stored.items, "violation").length;
    for (const host of stored.refused) {
      this.#context.tell(
        "warning",
        `parcels of ${host} were refused: it is not enrolled here, or not any more`,
      );
    }
    for (const { host, epoch } of stored.crowded) this.#tellCrowded(host, epoch);
    return stored;
  }

  #tellCrowded(host: string, epoch: string): void {
    const now = this.#context.now();
    if (now - this.#toldCrowded < COMPLAIN_MS) return;
    this.#toldCrowded = now;
    const gaps = `${MAX_ABOVE} parcels of ${host} (${epoch}) are stored that have a gap before them`;
    this.#context.tell("warning", `${gaps}: no more are taken until it is closed`);
  }

  #tellAll({ spools, items }: Stored): void {
    for (const spool of spools) this.#tellCommitted(spool);
    for (const applier of this.#appliers) {
      const own: readonly Arrived<never>[] = ofKind(items, applier.kind) as never;
      if (own.length > 0) applier.committed?.(own);
    }
  }

  #tellCommitted({ host, epoch, progress }: SpoolNow): void {
    const body: Committed = { v: 1, epoch, ranges: committedRanges(progress).slice(0, MAX_RANGES) };
    try {
      this.#context.bus.down(host, "committed", body);
    } catch (error) {
      // It sends them again, and is told then
      this.#context.tell(
        "warning",
        `${host} could not be told what is committed: ${wordsOf(error)}`,
      );
    }
  }

  #complain(error: unknown): void {
    const now = this.#context.now();
    if (now - this.#complained < COMPLAIN_MS) return;
    this.#complained = now;
    this.#context.tell(
      "error",
      `the database takes nothing: ${quote(wordsOf(error))}; what hosts send is kept, trying again`,
    );
  }
}
