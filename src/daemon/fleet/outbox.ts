// SPDX-License-Identifier: Apache-2.0
// Gathers items for the fleet and makes parcels of them. What an item's source has to remember goes onto the disk with the item.
import { MAX_ITEMS } from "../../wire/link/index.ts";
import { FleetError } from "./errors.ts";
import {
  GATHER_MS,
  GATHER_MS_PER_PARCEL,
  MAX_GATHER_MS,
  MAX_PARCEL_BYTES,
  MAX_WAITING_BYTES,
  MAX_WAITING_ITEMS,
  URGENT_MS,
} from "./limits.ts";
import { type Weight, WEIGHTS } from "./spool/files.ts";
import type { Spool } from "./spool/spool.ts";

/** What an outbox needs to know of an item. */
export interface AnyItem {
  readonly kind: string;
}

/** Items that are told together or not at all. */
export interface Entry<Item extends AnyItem> {
  readonly items: readonly Item[];
  readonly weight: Weight;
  /** Of its source, from the moment that the items are on the disk. */
  readonly marks?: Readonly<Record<string, unknown>>;
  /** Somebody waits for it. */
  readonly urgent?: boolean;
}

export interface OutboxOptions<Item extends AnyItem> {
  readonly spool: Spool;
  /** A parcel as it is sent. */
  encode(parcel: { readonly seq: number; readonly items: readonly Item[] }): Uint8Array;
  /** An item that does not fit in any parcel was left out. */
  onTooLong(item: Item): void;
}

interface Waiting<Item extends AnyItem> extends Entry<Item> {
  readonly bytes: number;
}

export class Outbox<Item extends AnyItem> {
  readonly #options: OutboxOptions<Item>;
  readonly #waiting: Record<Weight, Waiting<Item>[]> = { bulk: [], usual: [], vital: [] };
  #count = 0;
  #bytes = 0;
  #dueAt = Number.POSITIVE_INFINITY;
  #flushing: Promise<void> = Promise.resolve();

  constructor(options: OutboxOptions<Item>) {
    this.#options = options;
  }

  /** Sources wait: more would only fill the memory. */
  get full(): boolean {
    return this.#count >= MAX_WAITING_ITEMS || this.#bytes >= MAX_WAITING_BYTES;
  }

  /** Items that are not on the disk yet. */
  get waiting(): number {
    return this.#count;
  }

  /** When the next parcels are to be made (ms, as `now` counts). */
  get dueAt(): number {
    return this.#dueAt;
  }

  put(entry: Entry<Item>, now: number): void {
    const bytes = entry.items.reduce((sum, item) => sum + sizeOf(item), 0);
    if (bytes > MAX_PARCEL_BYTES) {
      for (const item of entry.items) this.#options.onTooLong(item);
      if (entry.marks !== undefined) this.put({ ...entry, items: [] }, now);
      return;
    }
    this.#waiting[entry.weight].push({ ...entry, bytes });
    this.#count += 1;
    this.#bytes += bytes;
    this.#dueAt = Math.min(this.#dueAt, now + this.#delay(entry));
  }

  /** Settles when everything that was put in is on the disk. @throws FleetError FULL: the rest waits here */
  flush(): Promise<void> {
    const flushed = this.#flushing.then(() => this.#flush());
    this.#flushing = flushed.catch(() => undefined);
    return flushed;
  }

  /** After a flush that failed. */
  later(at: number): void {
    this.#dueAt = at;
  }

  /** The more waits already, the less does it matter when the next is sent. */
  #delay({ urgent, weight }: Entry<Item>): number {
    if (urgent === true) return URGENT_MS;
    const backlog = this.#options.spool.size * GATHER_MS_PER_PARCEL;
    return Math.min(MAX_GATHER_MS, Math.max(weight === "vital" ? URGENT_MS : GATHER_MS, backlog));
  }

  async #flush(): Promise<void> {
    this.#dueAt = Number.POSITIVE_INFINITY;
    let failure: unknown;
    for (const weight of WEIGHTS.toReversed()) {
      try {
        while (this.#waiting[weight].length > 0) await this.#pack(weight);
      } catch (error) {
        if (!(error instanceof FleetError)) throw error;
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
  }

  /** One parcel of what waits longest. */
  async #pack(weight: Weight): Promise<void> {
    const queue = this.#waiting[weight];
    const length = fitting(queue);
    const entries = queue.slice(0, length);
    const items = entries.flatMap((entry) => entry.items);
    const marks = Object.assign({}, ...entries.map((entry) => entry.marks ?? {})) as object;
    await this.#options.spool.add({
      weight,
      kinds: tally(items),
      marks: { ...marks },
      payload: (seq) => this.#options.encode({ seq, items }),
    });
    queue.splice(0, length);
    this.#count -= length;
    this.#bytes -= entries.reduce((sum, { bytes }) => sum + bytes, 0);
  }
}

/** How many of the first entries one parcel may hold; at least one. */
function fitting(
  queue: readonly { readonly bytes: number; readonly items: readonly unknown[] }[],
): number {
  let bytes = 0;
  let items = 0;
  for (const [at, entry] of queue.entries()) {
    bytes += entry.bytes;
    items += entry.items.length;
    if (at > 0 && (bytes > MAX_PARCEL_BYTES || items > MAX_ITEMS)) return at;
  }
  return queue.length;
}

function sizeOf(item: AnyItem): number {
  return Buffer.byteLength(JSON.stringify(item)) + 1;
}

function tally(items: readonly AnyItem[]): Record<string, number> {
  const kinds: Record<string, number> = {};
  for (const { kind } of items) kinds[kind] = (kinds[kind] ?? 0) + 1;
  return kinds;
}
