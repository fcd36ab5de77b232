// SPDX-License-Identifier: Apache-2.0
// Values by their text. Records repeat the same texts over and over; comparing one is cheaper than reading it.

/** Power of two. */
const SLOTS = 4096;
/** Longer texts are not remembered: what a cache can hold has a limit. */
const MAX_CACHED_CHARS = 1024;

interface Entry<T> {
  readonly text: string;
  readonly value: T;
}

/**
 * Remembers at most SLOTS values. A text is found by its length and a few of its characters and then compared in whole: hashing it, as a Map
 * does, takes longer than that. Two texts that fall on one slot push each other out.
 */
export class TextCache<T> {
  readonly #slots: (Entry<T> | undefined)[] = new Array<Entry<T> | undefined>(SLOTS).fill(
    undefined,
  );

  readonly #slotOf: SlotOf;

  /** @param slotOf looks at the characters in which the texts differ */
  constructor(slotOf: SlotOf = slotOfActor) {
    this.#slotOf = slotOf;
  }

  /** The value of the text between two places of a line. */
  get(line: string, start: number, end: number): T | undefined {
    const entry = this.#slots[this.#slotOf(line, start, end)];
    return entry !== undefined && line.slice(start, end) === entry.text ? entry.value : undefined;
  }

  set(line: string, start: number, end: number, value: T): void {
    if (end - start > MAX_CACHED_CHARS) return;
    const text = ownText(line.slice(start, end));
    this.#slots[this.#slotOf(line, start, end)] = { text, value };
  }
}

/** The slot, below SLOTS, of the text between two places of a line. */
type SlotOf = (line: string, start: number, end: number) => number;

/** Where the digests, the counters and the hook of an actor are told apart, counted from the end of its text. */
function slotOfActor(line: string, start: number, end: number): number {
  let hash = end - start;
  for (const back of SAMPLES) hash = (hash * 31 + line.charCodeAt(Math.max(start, end - back))) | 0;
  return hash & (SLOTS - 1);
}

const SAMPLES = [1, 3, 8, 83, 86, 90, 162, 177, 190, 194, 198, 203, 209];

/** COEs differ in a few digits, which may stand anywhere, but mostly in several places. */
export function slotOfCoe(line: string, start: number, end: number): number {
  let hash = end - start;
  for (let at = start + COE_HEAD; at < end; at += COE_STEP) {
    hash = (hash * 31 + line.charCodeAt(at)) | 0;
  }
  return hash & (SLOTS - 1);
}

const COE_HEAD = 16;
const COE_STEP = 5;

/** The same text in memory of its own: a slice keeps the whole line, and is slow to compare. */
export function ownText(text: string): string {
  return JSON.parse(JSON.stringify(text)) as string;
}
