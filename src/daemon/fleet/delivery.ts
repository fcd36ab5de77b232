// SPDX-License-Identifier: Apache-2.0
// Brings what there is to tell onto the disk, and from there to the fleet: one round of work after the other, none without a reason.
import { setTimeout as pause } from "node:timers/promises";
import { quote } from "../../base/quote.ts";
import { type Item, itemSchema } from "../../wire/link/index.ts";
import { FleetError } from "./errors.ts";
import { DRAIN_LOOK_MS, DRAIN_MS, FULL_PAUSE_MS, HURRIES_MS, TABLE_MS, TIDY_MS } from "./limits.ts";
import { type Entry, Outbox } from "./outbox.ts";
import { droppedEntry, parcelWriter, underEpoch } from "./parcels.ts";
import type { Range, Spool } from "./spool/spool.ts";
import { Uplink, type UplinkWire } from "./spool/uplink.ts";

export interface DeliveryParts {
  readonly host: string;
  readonly spool: Spool;
  readonly wire: UplinkWire;
  /** What items are stamped with (ms since 1970); when something is due is not taken from a clock that somebody may set. */
  now(): number;
  /** Looks for what is new, and puts it in. @returns true when there is more of it */
  look(): boolean;
  /** Something is on the disk. @param isAll all that was put in */
  onKept(isAll: boolean): void;
  /** One line for people, once for each trouble. */
  onTrouble(text: string): void;
}

export class Delivery {
  readonly #parts: DeliveryParts;
  readonly #outbox: Outbox<Item>;
  readonly #uplink: Uplink;
  readonly #stop = new AbortController();
  #wake: () => void = () => undefined;
  #wakeAt = 0;
  #running: Promise<void> = Promise.resolve();
  #trouble: string | undefined;
  /** Looks that are due soon after the one before. */
  #hurries: readonly number[] = [];
  #tidied = 0;
  /** What was dropped when it was said last. */
  #dropped = "";

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
    const { spool, host, now } = parts;
    this.#outbox = new Outbox({
      spool,
      encode: parcelWriter(host, () => spool.epoch, now),
      onTooLong: ({ kind }) =>
        parts.onTrouble(`the fleet is not told of a ${kind}: it is longer than a parcel may be`),
    });
    this.#uplink = new Uplink(spool, parts.wire, () => this.#renew());
  }

  /** What was put in and is not on the disk is so much that sources wait. */
  get full(): boolean {
    return this.#outbox.full;
  }

  start(): void {
    this.#running = this.#run();
  }

  put(entry: Entry<Item>): void {
    this.#outbox.put(this.#tellable(entry), clock());
    this.soon(Math.max(0, this.#outbox.dueAt - clock()));
  }

  /** The fleet takes a parcel as a whole or not at all: what it would not take in it is left out here, aloud. */
  #tellable(entry: Entry<Item>): Entry<Item> {
    const faults = entry.items.map((item) => itemSchema().safeParse(item).error);
    if (faults.every((fault) => fault === undefined)) return entry;
    const items = entry.items.filter((_, at) => faults[at] === undefined);
    for (const [at, { kind }] of entry.items.entries()) {
      const fault = faults[at];
      if (fault === undefined) continue;
      const where = fault.issues[0]?.path.join(".") ?? "";
      const words = `the fleet is not told of a ${kind}: its ${quote(where)} is not as it takes it; the run folder has it`;
      this.#parts.onTrouble(words);
      items.push({ kind: "notice", at: this.#parts.now(), level: "error", words });
    }
    return { ...entry, items };
  }

  /** Settles when the items are on the disk. @throws FleetError FULL */
  async report(items: readonly Item[]): Promise<void> {
    const entry = this.#tellable({ items, weight: "vital", urgent: true });
    this.#outbox.put(entry, clock());
    await this.#outbox.flush();
    this.#kept();
    this.#uplink.pump(clock());
  }

  /** A round of work is done after so long (ms) at the latest. */
  soon(ms: number): void {
    const at = clock() + ms;
    if (at >= this.#wakeAt) return;
    this.#wakeAt = at;
    this.#wake();
  }

  /** Something happened of which there is a record soon. */
  hurry(): void {
    const [first = 0, ...later] = HURRIES_MS;
    this.#hurries = later;
    this.soon(first);
  }

  async online(): Promise<void> {
    await this.#uplink.online(clock());
  }

  offline(): void {
    this.#uplink.offline();
  }

  committed(epoch: string, ranges: readonly Range[]): void {
    this.#uplink.committed(epoch, ranges, clock());
  }

  /** What there is goes onto the disk, and to the fleet if it is there. The next daemon sends what it has not got. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#wake();
    await this.#running;
    while (this.#parts.look() && !this.#outbox.full) await this.#keep();
    await this.#keep();
    await this.#drain();
    await this.#parts.spool.tidy();
  }

  /** A daemon that ends with its machine is not started again soon: the fleet hears what became of the workloads. */
  async #drain(): Promise<void> {
    const { spool } = this.#parts;
    this.#uplink.pump(clock());
    for (const end = clock() + DRAIN_MS; clock() < end; await pause(DRAIN_LOOK_MS))
      if (spool.size === 0 || !this.#uplink.isOnline) return;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await this.#work();
      } catch (error) {
        this.#troubled(error instanceof Error ? error.message : String(error));
      }
      await this.#rest();
    }
  }

  async #work(): Promise<void> {
    const { look, spool } = this.#parts;
    const [next = TABLE_MS, ...later] = this.#hurries;
    this.#hurries = later;
    this.#wakeAt = clock() + next;
    if (look()) this.#wakeAt = 0;
    if (this.#outbox.dueAt <= clock()) await this.#keep();
    this.#wakeAt = Math.min(this.#wakeAt, this.#outbox.dueAt);
    // whoever asks waits for an answer; what is new does not wait for that
    this.#uplink.tick(clock()).catch((error: unknown) => this.#troubled(String(error)));
    if (clock() - this.#tidied < TIDY_MS) return;
    this.#tidied = clock();
    await spool.tidy();
  }

  async #keep(): Promise<void> {
    const { spool, now } = this.#parts;
    const dropped = droppedEntry(spool, now());
    const tally = JSON.stringify(spool.status().dropped);
    // it may wait for a disk with room already
    if (dropped !== undefined && tally !== this.#dropped) this.#outbox.put(dropped, clock());
    this.#dropped = tally;
    try {
      await this.#outbox.flush();
      if (this.#kept()) this.#trouble = undefined;
    } catch (error) {
      if (!(error instanceof FleetError)) throw error;
      this.#outbox.later(clock() + FULL_PAUSE_MS);
      this.#troubled(`${error.message}; what is new waits`);
    }
  }

  /** What its owner notes of it may fail on a full disk: the items are kept all the same. */
  #kept(): boolean {
    try {
      this.#parts.onKept(this.#outbox.waiting === 0);
      return true;
    } catch (error) {
      this.#troubled(error instanceof Error ? error.message : String(error));
      return false;
    }
  }

  #troubled(text: string): void {
    if (this.#trouble === text) return;
    this.#trouble = text;
    this.#parts.onTrouble(text);
  }

  async #rest(): Promise<void> {
    const wait = this.#wakeAt - clock();
    if (wait <= 0 || this.#stop.signal.aborted) {
      await pause(0);
      return;
    }
    const waking = new AbortController();
    this.#wake = () => waking.abort();
    await pause(wait, undefined, { signal: waking.signal, ref: false }).catch(() => undefined);
    this.#wake = () => undefined;
  }

  #renew(): Promise<void> {
    const { spool, host, onTrouble } = this.#parts;
    onTrouble(
      "the spool is a copy of an older one: the fleet knows other parcels by its numbers; it goes on under a new name, and some things may be told twice",
    );
    return spool.renew((payload, epoch) => underEpoch(host, payload, epoch));
  }
}

/** Milliseconds that never go back. */
function clock(): number {
  return performance.now();
}
