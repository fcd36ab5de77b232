// SPDX-License-Identifier: Apache-2.0
// Counts of a namespace that belong together, out of shared memory. The thread that decides publishes them before each answer and never
// waits; whoever reads gets all of them as they were between two events, while an event is in hand those before it. The coefficients
// below `points` do not change any more, so state and measurement of that instant are computed from them at leisure.
import { setTimeout as pause } from "node:timers/promises";
import { InstantError } from "../errors.ts";

/** What is true of a namespace between two events. */
export interface Instant {
  readonly events: number;
  readonly points: number;
  readonly violations: number;
  readonly refused: number;
  readonly lost: number;
  /** What is new is outside of the model. */
  readonly sealed: boolean;
  /** hex; absent as long as the model has none. */
  readonly aggregate?: string;
  /** hex; absent unless it was ordered while the workload ran. */
  readonly base?: string;
}

/** Odd while the values are being written (a sequence lock with one writer). */
const SEQUENCE = 0;
/** Two words a count: its lower 32 bits, and the rest. */
const EVENTS = 1;
const POINTS = 3;
const VIOLATIONS = 5;
const REFUSED = 7;
const LOST = 9;
const SEALED = 11;
/** A value of the model: its bytes (0: there is none), then words with them. */
const AGGREGATE = 12;
const VALUE_WORDS = 1 + 16;
const BASE = AGGREGATE + VALUE_WORDS;
const WORDS = BASE + VALUE_WORDS;
const WORD_BYTES = Int32Array.BYTES_PER_ELEMENT;
const WORD = 2 ** 32;
/** Looks at the words before the writer is taken to be off its processor. */
const SPINS = 100;
/** How long it is waited for then, each time (ms). */
const PAUSE_MS = 1;
/** After so many pauses the writer is gone for good. */
const MAX_PAUSES = 1_000;

const FRESH: Instant = { events: 0, points: 0, violations: 0, refused: 0, lost: 0, sealed: false };

export function newInstantWords(): SharedArrayBuffer {
  return new SharedArrayBuffer(WORDS * WORD_BYTES);
}

/** The end of the thread that decides: sets the counts, then publishes them together. */
export class InstantWriter {
  events = 0;
  points = 0;
  violations = 0;
  refused = 0;
  lost = 0;
  sealed = false;
  readonly #words: Int32Array;
  /** What was published last. */
  readonly #told = { ...FRESH };
  #sequence = 0;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
  }

  /** To be called before an answer is given: what a task was allowed to do is published when it goes on. */
  publish(): void {
    const told = this.#told;
    const { events, points, violations, refused, lost, sealed } = this;
    const isOnlyMore =
      points === told.points &&
      violations === told.violations &&
      refused === told.refused &&
      lost === told.lost &&
      sealed === told.sealed;
    if (isOnlyMore && Math.floor(events / WORD) === Math.floor(told.events / WORD)) {
      // most events change nothing but their own number: with one store, before and after which everything belongs together
      Atomics.store(this.#words, EVENTS, events | 0);
      told.events = events;
      return;
    }
    // all stores are atomic: plain ones could be seen outside of the two of the sequence
    this.#begin();
    if (events !== told.events) this.#count(EVENTS, events);
    if (points !== told.points) this.#count(POINTS, points);
    if (violations !== told.violations) this.#count(VIOLATIONS, violations);
    if (refused !== told.refused) this.#count(REFUSED, refused);
    if (lost !== told.lost) this.#count(LOST, lost);
    if (sealed !== told.sealed) Atomics.store(this.#words, SEALED, sealed ? 1 : 0);
    this.#end();
    told.events = events;
    told.points = points;
    told.violations = violations;
    told.refused = refused;
    told.lost = lost;
    told.sealed = sealed;
  }

  /** The model has this aggregate (hex): published at once, the counts are those of before. */
  aggregated(hex: string): void {
    this.#value(AGGREGATE, hex);
  }

  /** The model has this base (hex): published at once. */
  based(hex: string): void {
    this.#value(BASE, hex);
  }

  #begin(): void {
    this.#sequence = (this.#sequence + 2) | 0;
    Atomics.store(this.#words, SEQUENCE, this.#sequence - 1);
  }

  #end(): void {
    Atomics.store(this.#words, SEQUENCE, this.#sequence);
  }

  #count(at: number, value: number): void {
    Atomics.store(this.#words, at, value | 0);
    Atomics.store(this.#words, at + 1, Math.floor(value / WORD));
  }

  #value(at: number, hex: string): void {
    const bytes = Buffer.from(hex, "hex");
    this.#begin();
    Atomics.store(this.#words, at, bytes.length);
    for (let offset = 0; offset < bytes.length; offset += WORD_BYTES)
      Atomics.store(this.#words, at + 1 + offset / WORD_BYTES, bytes.readInt32LE(offset));
    this.#end();
  }
}

/** The end of whoever shows. */
export class InstantReader {
  readonly #words: Int32Array;
  #last = FRESH;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
  }

  /** For show: the last instant that was published, or, while the next one is half written, the last that was seen. Never goes back. */
  latest(): Instant {
    return this.#spin() ?? this.#last;
  }

  /**
   * The last instant that was published, given to `take` in the turn in which it was read.
   * @throws InstantError HALF_WRITTEN when the thread that decides was killed while it published
   */
  async read<T>(take: (instant: Instant) => T): Promise<T> {
    for (let pauses = 0; pauses < MAX_PAUSES; pauses++) {
      const instant = this.#spin();
      if (instant !== undefined) return take(instant);
      await pause(PAUSE_MS);
    }
    throw new InstantError(
      "HALF_WRITTEN",
      "the thread that decides has left its counts half written: it was killed, and nothing can be said of its namespace",
    );
  }

  #spin(): Instant | undefined {
    for (let spins = 0; spins < SPINS; spins++) {
      const instant = this.#attempt();
      if (instant === undefined) continue;
      this.#last = instant;
      return instant;
    }
    return undefined;
  }

  #attempt(): Instant | undefined {
    const words = this.#words;
    const before = Atomics.load(words, SEQUENCE);
    if ((before & 1) !== 0) return undefined;
    const aggregate = this.#value(AGGREGATE);
    const base = this.#value(BASE);
    const instant = {
      events: this.#count(EVENTS),
      points: this.#count(POINTS),
      violations: this.#count(VIOLATIONS),
      refused: this.#count(REFUSED),
      lost: this.#count(LOST),
      sealed: Atomics.load(words, SEALED) !== 0,
      ...(aggregate === undefined ? {} : { aggregate }),
      ...(base === undefined ? {} : { base }),
    };
    return Atomics.load(words, SEQUENCE) === before ? instant : undefined;
  }

  #count(at: number): number {
    const words = this.#words;
    return Atomics.load(words, at + 1) * WORD + (Atomics.load(words, at) >>> 0);
  }

  #value(at: number): string | undefined {
    const length = Atomics.load(this.#words, at);
    if (length === 0) return undefined;
    const bytes = Buffer.alloc(length);
    for (let offset = 0; offset < length; offset += WORD_BYTES)
      bytes.writeInt32LE(Atomics.load(this.#words, at + 1 + offset / WORD_BYTES), offset);
    return bytes.toString("hex");
  }
}
