// SPDX-License-Identifier: Apache-2.0
// What the fleet is to be told, kept until its database has it: parcels, numbered, each a file. Bounded; when it is full the least important parcels
// go first, and what went is counted by kind. With each parcel go marks (how far the sources of its items were read), so that a kill -9 at any
// moment neither loses an item nor makes one twice. It has no clock and no timer.
import { FleetError } from "../errors.ts";
import type { SpoolDisk } from "./disk.ts";
import {
  DONE,
  GONE,
  headOf,
  nameOf,
  parcelFile,
  payloadOf,
  STATE_FILE,
  type SpoolState,
  stateText,
  type Tally,
  WEIGHTS,
  type Weight,
} from "./files.ts";
import { addTally, applyMarks, foundOn, type Kept } from "./found.ts";

/** Numbers from..to, both among them. */
export type Range = readonly [from: number, to: number];

export interface SpoolOptions {
  readonly disk: SpoolDisk;
  readonly maxBytes: number;
  readonly maxParcels: number;
  /** Names a spool that begins: numbers are unique within it. */
  newEpoch(): string;
}

/** What is to become a parcel. */
export interface ParcelDraft {
  readonly weight: Weight;
  /** How many items of which kind are in it. */
  readonly kinds: Tally;
  /** Remembered from the moment that the parcel is on the disk; null: forgotten. */
  readonly marks?: Readonly<Record<string, unknown>>;
  /** The parcel as it is sent. */
  payload(seq: number): Uint8Array;
}

export interface SpoolStatus {
  readonly epoch: string;
  /** The oldest number that is kept; `next` when there is none. */
  readonly oldest: number;
  readonly next: number;
  readonly parcels: number;
  readonly bytes: number;
  /** Items that were dropped since the spool exists, by kind. */
  readonly dropped: Tally;
}

export class Spool {
  readonly #options: SpoolOptions;
  /** In the order of their numbers. */
  readonly #kept: Map<number, Kept>;
  readonly #marks: Map<string, unknown>;
  readonly #dropped: Map<string, number>;
  /** Committed parcels whose files are still there. */
  readonly #done: string[];
  /** Dropped parcels of which the head is still there, with their numbers. */
  readonly #gone: Map<number, string>;
  #epoch: string;
  #next: number;
  #bytes: number;
  #adding: Promise<unknown> = Promise.resolve();
  /** Since the state was written. */
  #changed = false;

  /** @throws FleetError NOT_WRITABLE: what is there can not be read */
  static async open(options: SpoolOptions): Promise<Spool> {
    const spool = new Spool(options);
    if (options.disk.read(STATE_FILE) === undefined)
      await spool.#writeState([...spool.#gone.keys()]);
    return spool;
  }

  private constructor(options: SpoolOptions) {
    this.#options = options;
    const found = foundOn(options.disk);
    this.#epoch = found.epoch ?? options.newEpoch();
    this.#next = found.next;
    this.#bytes = found.bytes;
    this.#kept = found.kept;
    this.#marks = found.marks;
    this.#dropped = found.dropped;
    this.#done = found.done;
    this.#gone = found.gone;
  }

  get epoch(): string {
    return this.#epoch;
  }

  get next(): number {
    return this.#next;
  }

  get size(): number {
    return this.#kept.size;
  }

  status(): SpoolStatus {
    const [oldest = this.#next] = this.#kept.keys();
    return {
      epoch: this.#epoch,
      oldest,
      next: this.#next,
      parcels: this.#kept.size,
      bytes: this.#bytes,
      dropped: Object.fromEntries(this.#dropped),
    };
  }

  /** What was said with parcels under this key last. */
  mark(key: string): unknown {
    return this.#marks.get(key);
  }

  marks(): ReadonlyMap<string, unknown> {
    return this.#marks;
  }

  /** Numbers that are kept, from `from` on. */
  *from(from: number): Generator<number> {
    for (const seq of this.#kept.keys()) if (seq >= from) yield seq;
  }

  /** A parcel as it is sent; undefined: it is not kept (any more). */
  read(seq: number): Uint8Array | undefined {
    const kept = this.#kept.get(seq);
    const file = kept === undefined ? undefined : this.#options.disk.read(nameOf(seq, kept.weight));
    return file === undefined ? undefined : payloadOf(file);
  }

  /**
   * Settles with its number when the parcel is on the disk.
   * @throws FleetError FULL: it is not, and its marks do not count; nothing less important is left that could make room
   */
  add(draft: ParcelDraft): Promise<number> {
    const added = this.#adding.then(() => this.#add(draft));
    this.#adding = added.catch(() => undefined);
    return added;
  }

  /** The database has these parcels. @returns how many of them were kept here */
  committed(ranges: readonly Range[]): number {
    let count = 0;
    for (const [from, to] of ranges) {
      // a range of a million numbers costs no more than what is kept
      for (const [seq, { weight, bytes }] of this.#kept) {
        if (seq > to) break;
        if (seq < from) continue;
        this.#kept.delete(seq);
        this.#bytes -= bytes;
        this.#done.push(nameOf(seq, weight));
        count += 1;
      }
    }
    return count;
  }

  /** Removes files of parcels that are committed or dropped. To be called now and then. @throws Error of the disk; nothing is lost then */
  async tidy(): Promise<void> {
    if (this.#done.length === 0 && this.#gone.size === 0 && !this.#changed) return;
    const done = this.#done.splice(0);
    const gone = [...this.#gone];
    try {
      await this.#keepState(
        gone.map(([seq]) => seq),
        done,
      );
    } catch (error) {
      this.#done.unshift(...done);
      throw error;
    }
    for (const name of done) this.#options.disk.remove(name);
    for (const [seq, name] of gone) {
      this.#options.disk.remove(name);
      this.#gone.delete(seq);
    }
  }

  /**
   * Numbers begin anew: this folder is a copy of an older one (a machine that was restored), and the fleet knows other parcels by its numbers.
   * @param repack the parcel with its new epoch
   */
  async renew(
    repack: (payload: Uint8Array, epoch: string, seq: number) => Uint8Array,
  ): Promise<void> {
    this.#epoch = this.#options.newEpoch();
    for (const [seq, { weight }] of [...this.#kept]) {
      const name = nameOf(seq, weight);
      const file = this.#options.disk.read(name);
      if (file === undefined) continue;
      const payload = repack(payloadOf(file), this.#epoch, seq);
      await this.#options.disk.write(name, parcelFile(headOf(file), payload));
    }
    await this.#writeState([]);
  }

  async #add({ weight, kinds, marks = {}, payload }: ParcelDraft): Promise<number> {
    const seq = this.#next;
    const file = parcelFile({ kinds, marks }, payload(seq));
    if (file.length > this.#options.maxBytes)
      throw new FleetError(
        "TOO_LARGE",
        `a parcel of ${file.length} bytes is larger than the spool`,
      );
    this.#keepWithin(file.length);
    await this.#write(nameOf(seq, weight), file, weight);
    this.#next = seq + 1;
    this.#kept.set(seq, { weight, bytes: file.length });
    this.#bytes += file.length;
    applyMarks(this.#marks, marks);
    return seq;
  }

  async #write(name: string, file: Uint8Array, weight: Weight): Promise<void> {
    for (;;) {
      try {
        await this.#options.disk.write(name, file);
        return;
      } catch (cause) {
        const { code = String(cause) } = cause as NodeJS.ErrnoException;
        // the disk may have room for a parcel when others do without theirs
        if ((code === "ENOSPC" || code === "EDQUOT") && this.#dropOne(weight)) continue;
        throw new FleetError("FULL", `the spool of the fleet can not be written (${code})`, {
          cause,
        });
      }
    }
  }

  #keepWithin(bytes: number): void {
    const { maxBytes, maxParcels } = this.#options;
    while (this.#bytes + bytes > maxBytes || this.#kept.size >= maxParcels)
      if (!this.#dropOne(undefined)) return;
  }

  /** The oldest of the least important ones. @param below only what is less important than that */
  #dropOne(below: Weight | undefined): boolean {
    for (const weight of WEIGHTS) {
      if (weight === below) return false;
      for (const [seq, kept] of this.#kept) {
        if (kept.weight !== weight) continue;
        this.#drop(seq, kept);
        return true;
      }
    }
    return false;
  }

  /** Its head stays until the state on the disk says what it held. */
  #drop(seq: number, { weight, bytes }: Kept): void {
    const { disk } = this.#options;
    const name = nameOf(seq, weight);
    const file = disk.read(name);
    this.#kept.delete(seq);
    this.#bytes -= bytes;
    if (file === undefined) return;
    this.#gone.set(seq, this.#cut(name, GONE));
    addTally(this.#dropped, headOf(file).kinds);
    this.#changed = true;
  }

  /** On a full disk there is room for the state when what is committed is no longer there: its marks are all that is still needed. */
  async #keepState(gone: readonly number[], done: string[]): Promise<void> {
    try {
      await this.#writeState(gone);
    } catch (error) {
      if (done.length === 0) throw error;
      for (const [at, name] of done.entries()) done[at] = this.#cut(name, DONE);
      await this.#writeState(gone);
    }
  }

  /** Leaves the head of a parcel. @returns the name of the file that has it */
  #cut(name: string, end: string): string {
    const { disk } = this.#options;
    const file = name.endsWith(end) ? undefined : disk.read(name);
    if (file === undefined) return name;
    disk.cut(name, file.length - payloadOf(file).length, `${name}${end}`);
    return `${name}${end}`;
  }

  #writeState(gone: readonly number[]): Promise<void> {
    const state: SpoolState = {
      epoch: this.#epoch,
      next: this.#next,
      marks: Object.fromEntries(this.#marks),
      dropped: Object.fromEntries(this.#dropped),
      gone,
    };
    this.#changed = false;
    return this.#options.disk.write(STATE_FILE, stateText(state));
  }
}
