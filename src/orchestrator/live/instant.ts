// SPDX-License-Identifier: Apache-2.0
// Counts of a namespace that belong together, out of shared memory. The thread that decides publishes them before each answer and never
// waits; whoever reads gets all of them as they were between two events, while an event is in hand those before it. The coefficients
// below `points` do not change any more, so state and measurement of that instant are computed from them at leisure.

/** What is true of a namespace between two events. */
export interface Instant {
  readonly events: number;
  readonly points: number;
  readonly violations: number;
  readonly refused: number;
  readonly lost: number;
  /** What is new is outside of the model. */
  readonly sealed: boolean;
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
const WORDS = SEALED + 1;
const WORD = 2 ** 32;

/** Looks at the words before the writer is taken to be off its processor. */
const SPINS = 100;
/** How long it is waited for then, each time (ms). */
const PAUSE_MS = 1;
/** After so many pauses the writer is gone for good. */
const MAX_PAUSES = 1_000;

export function newInstantWords(): SharedArrayBuffer {
  return new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT);
}

/** The end of the thread that decides. */
export class InstantWriter {
  readonly #words: Int32Array;
  #last: Instant = { events: 0, points: 0, violations: 0, refused: 0, lost: 0, sealed: false };
  #sequence = 0;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
  }

  /** To be called before an answer is given: what a task was allowed to do is published when it goes on. */
  publish(now: Instant): void {
    const words = this.#words;
    const last = this.#last;
    // all of these are atomic: plain stores could be seen outside of the two of the sequence
    this.#sequence = (this.#sequence + 2) | 0;
    Atomics.store(words, SEQUENCE, this.#sequence - 1);
    // most events change one count
    if (now.events !== last.events) this.#count(EVENTS, now.events);
    if (now.points !== last.points) this.#count(POINTS, now.points);
    if (now.violations !== last.violations) this.#count(VIOLATIONS, now.violations);
    if (now.refused !== last.refused) this.#count(REFUSED, now.refused);
    if (now.lost !== last.lost) this.#count(LOST, now.lost);
    if (now.sealed !== last.sealed) Atomics.store(words, SEALED, now.sealed ? 1 : 0);
    Atomics.store(words, SEQUENCE, this.#sequence);
    this.#last = now;
  }

  #count(at: number, value: number): void {
    Atomics.store(this.#words, at, value | 0);
    Atomics.store(this.#words, at + 1, Math.floor(value / WORD));
  }
}

/** The end of whoever shows. */
export class InstantReader {
  readonly #words: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
  }

  /** The last instant that was published. @throws Error when the thread that decides was killed while it published */
  read(): Instant {
    for (let pauses = 0; pauses < MAX_PAUSES; pauses++) {
      for (let spins = 0; spins < SPINS; spins++) {
        const instant = this.#attempt();
        if (instant !== undefined) return instant;
      }
      // nobody wakes it: the writer does not know of readers
      Atomics.wait(this.#words, SEQUENCE, Atomics.load(this.#words, SEQUENCE), PAUSE_MS);
    }
    throw new Error("the thread that decides has left its counts half written");
  }

  #attempt(): Instant | undefined {
    const words = this.#words;
    const before = Atomics.load(words, SEQUENCE);
    if ((before & 1) !== 0) return undefined;
    const instant = {
      events: this.#value(EVENTS),
      points: this.#value(POINTS),
      violations: this.#value(VIOLATIONS),
      refused: this.#value(REFUSED),
      lost: this.#value(LOST),
      sealed: Atomics.load(words, SEALED) !== 0,
    };
    return Atomics.load(words, SEQUENCE) === before ? instant : undefined;
  }

  #value(at: number): number {
    const words = this.#words;
    return Atomics.load(words, at + 1) * WORD + (Atomics.load(words, at) >>> 0);
  }
}
