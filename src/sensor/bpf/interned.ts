// SPDX-License-Identifier: Apache-2.0
// The interned set of one namespace: the behaviours that the kernel recognises by itself, with how often each happened. A set
// outgrows its table: then a new one takes its place in the array of maps, and counts of both are added.
import { BpfMap } from "../../native/bpf-map.ffi.ts";
import { BpfSensorError } from "./errors.ts";
import { ENTRIES_A_BUCKET, InternedTable, MAX_NEXT } from "./interned-table.ts";
import { layOut } from "./interned-layout.ts";
import type { AgentJournal, KeptAgent, KeptKey } from "./journal.ts";
import { FIRST_BUCKETS, MAX_INTERNED_KEYS, RETIRED_TABLE_MS } from "./limits.ts";

/** Up to this load the first table is laid out anew, in the same size; everything else that is too full grows. */
const GROW_ABOVE = 0.55;
const GROWTH = 1.5;
/** Load for which a table is made when it is known that the first one would not do. */
const WANTED_LOAD = 0.4;
const KEY_HALVES = 4;
/** Counts from here on are taken out of the table: far below where they would touch the bits above them. */
const RELIEVE_FROM: bigint = 1n << 36n;

export interface InternedOptions {
  /** The array of maps that programs look into, and the slot of the namespace. */
  readonly sets: BpfMap;
  readonly slot: number;
  /** Keys that will be added for sure: the table is made for them. */
  readonly expected?: number;
  readonly maxKeys?: number;
  readonly retiredMs?: number;
  /** Is told of counts that are in no table any more. */
  readonly journal?: Pick<AgentJournal, "carried" | "commit">;
  /** The table in the slot is another agent's, which has kept these. */
  readonly kept?: Pick<KeptAgent, "keys" | "carried">;
}

interface RetiredTable {
  readonly table: InternedTable;
  readonly until: number;
}

/** Only one thread adds to a set. A key is a number from 0 on, in the order in which they came. */
export class InternedSet {
  readonly #options: InternedOptions;
  readonly #maxKeys: number;
  readonly #retiredMs: number;
  #table: InternedTable;
  #retired: RetiredTable[] = [];
  #count = 0;
  #closed = false;
  /** Key words and next identity of each key. */
  #keys: Uint32Array = new Uint32Array(1024 * KEY_HALVES);
  #nexts: Uint32Array = new Uint32Array(1024);
  /** Counts that are in no table any more. */
  #carried: BigUint64Array = new BigUint64Array(1024);

  /**
   * Puts an empty table into the slot, or goes on with the one that is there.
   * @throws BpfError CALL_FAILED; BpfSensorError NOT_ADOPTABLE: the slot is as it was
   */
  constructor(options: InternedOptions) {
    this.#options = options;
    this.#maxKeys = options.maxKeys ?? MAX_INTERNED_KEYS;
    this.#retiredMs = options.retiredMs ?? RETIRED_TABLE_MS;
    if (options.kept !== undefined) {
      this.#table = this.#adopt(options.kept);
      return;
    }
    this.#table = new InternedTable(bucketsFor(options.expected ?? 0));
    options.sets.setInner(options.slot, this.#table.map);
  }

  /** Gives the keys their numbers again. The journal is ahead of the table: a key that it does not know can not be in it. */
  #adopt({ keys, carried }: Pick<KeptAgent, "keys" | "carried">): InternedTable {
    const { sets, slot } = this.#options;
    const id = sets.innerId(slot);
    const map = id === undefined ? undefined : BpfMap.byId(id);
    if (map === undefined)
      throw new BpfSensorError("NOT_ADOPTABLE", "its set of known behaviours is gone");
    const numbers = new Map<string, number>();
    for (const { key, next } of keys) numbers.set(textOf(key, 0), this.#remember(key, 0, next));
    this.#carried.set(carried.subarray(0, this.#count));
    const table = new InternedTable(map);
    const unknown = table.claim((words, at) => numbers.get(textOf(words, at)) ?? -1);
    if (unknown === 0) return table;
    table.close();
    throw new BpfSensorError(
      "NOT_ADOPTABLE",
      `${unknown} behaviours that the kernel knows are not in the journal: it was changed, or is cut off`,
    );
  }

  /** Keys in the set. */
  get size(): number {
    return this.#count;
  }

  /** Kernel memory of all tables of the set (bytes). */
  get memoryBytes(): number {
    const tables = [this.#table, ...this.#retired.map(({ table }) => table)];
    return tables.reduce((sum, { map }) => sum + map.memoryBytes(), 0);
  }

  /** Number of a key, or -1 when it is not in the set. `words` holds four halves from `at` on. */
  find(words: Uint32Array, at: number): number {
    return this.#table.find(words, at);
  }

  /**
   * Adds a key: from now on programs allow it without asking.
   * @param next index of the identity that an exec leads to, 0 for anything else
   * @returns its number, the old one when it was there; -1 when it can not be added and has to be asked for each time
   */
  insert(words: Uint32Array, at: number, next = 0): number {
    const known = this.#table.find(words, at);
    if (known >= 0) return known;
    if (!isKey(words, at, next) || this.#count >= this.#maxKeys) return -1;
    const number = this.#remember(words, at, next);
    const key = this.#keyOf(number);
    const bucket = this.#bucketWithRoom(this.#table, key);
    if (bucket >= 0) this.#table.put(bucket, number, key, next);
    else this.#rebuild();
    return number;
  }

  /** Those of `keys` that would be added, each once: inserted in this order they get the next numbers. */
  fresh<Wanted extends Pick<KeptKey, "key" | "next">>(keys: readonly Wanted[]): readonly Wanted[] {
    const found = new Map<string, Wanted>();
    for (const each of keys) {
      if (this.#count + found.size >= this.#maxKeys) break;
      if (this.#table.find(each.key, 0) >= 0 || !isKey(each.key, 0, each.next)) continue;
      const text = textOf(each.key, 0);
      if (!found.has(text)) found.set(text, each);
    }
    return [...found.values()];
  }

  /** How often programs met each key since it was added, by number. */
  counts(): BigUint64Array {
    const sums = this.#carried.slice(0, this.#count);
    for (const { table } of this.#retired) table.addCounts(sums);
    this.#table.addCounts(sums);
    return sums;
  }

  /** Time until a table that was replaced can be let go of (ms), by `relieve`; undefined: there is none. */
  get retiresInMs(): number | undefined {
    const [first] = this.#retired;
    return first === undefined ? undefined : Math.max(0, first.until - performance.now());
  }

  /** To be called now and then: keeps counts far from their limit, and lets go of tables that no program can still use. */
  relieve(): void {
    const moved = this.#table.relieve(RELIEVE_FROM, this.#carried);
    const released = this.#release(performance.now());
    if (moved || released) this.#tellCarried();
  }

  /** Gives back what this process has of it; the table stays in the slot, for another agent. */
  leave(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#release(Number.POSITIVE_INFINITY)) this.#tellCarried();
    this.#table.close();
  }

  /** Empties the slot: nothing is recognised any more. `counts` has to be asked for before. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#options.sets.setInner(this.#options.slot, undefined);
    this.#release(Number.POSITIVE_INFINITY);
    this.#table.close();
  }

  #remember(words: Uint32Array, at: number, next: number): number {
    const number = this.#count++;
    if (number >= this.#nexts.length) {
      this.#keys = grown(this.#keys, new Uint32Array(2 * this.#keys.length));
      this.#nexts = grown(this.#nexts, new Uint32Array(2 * this.#nexts.length));
      const carried = new BigUint64Array(2 * this.#carried.length);
      carried.set(this.#carried);
      this.#carried = carried;
    }
    for (let half = 0; half < KEY_HALVES; half++)
      this.#keys[number * KEY_HALVES + half] = words[at + half] ?? 0;
    this.#nexts[number] = next;
    return number;
  }

  #keyOf(number: number): Uint32Array {
    return this.#keys.subarray(number * KEY_HALVES, (number + 1) * KEY_HALVES);
  }

  /** The emptier one of the key's buckets, or -1 when both are full. */
  #bucketWithRoom(table: InternedTable, key: Uint32Array): number {
    const [a, b] = choicesOf(table, key);
    const [inA, inB] = [table.fill(a), table.fill(b)];
    if (Math.min(inA, inB) >= ENTRIES_A_BUCKET) return -1;
    return inA <= inB ? a : b;
  }

  #rebuild(): void {
    const old = this.#table;
    const now = performance.now();
    this.#release(now);
    const load = this.#count / (old.buckets * ENTRIES_A_BUCKET);
    const stays = old.buckets === FIRST_BUCKETS && load <= GROW_ABOVE;
    const buckets = stays ? old.buckets : Math.ceil(old.buckets * GROWTH);
    this.#table = this.#filled(buckets);
    // When this returns no program that can not sleep is still in the old table. Those that can leave it soon: they look up and
    // count without sleeping in between.
    this.#options.sets.setInner(this.#options.slot, this.#table.map);
    this.#retired.push({ table: old, until: now + this.#retiredMs });
    this.#tellCarried();
  }

  /** What is in tables that go with this process. */
  #tellCarried(): void {
    const { journal } = this.#options;
    if (journal === undefined) return;
    const sums = this.#carried.slice(0, this.#count);
    for (const { table } of this.#retired) table.addCounts(sums);
    journal.carried(sums);
    journal.commit();
  }

  /** A table with all keys, not visible to any program yet. */
  #filled(wanted: number): InternedTable {
    for (let buckets = wanted; ; buckets = Math.ceil(buckets * GROWTH)) {
      const table = new InternedTable(buckets);
      const places = layOut(this.#count, buckets, (number) =>
        choicesOf(table, this.#keyOf(number)),
      );
      if (places === undefined) {
        table.close();
        continue;
      }
      for (const [number, bucket] of places.entries())
        table.put(bucket, number, this.#keyOf(number), this.#nexts[number] ?? 0);
      return table;
    }
  }

  /** @returns whether there were tables to let go of */
  #release(now: number): boolean {
    const gone = this.#retired.filter(({ until }) => until <= now);
    this.#retired = this.#retired.filter(({ until }) => until > now);
    for (const { table } of gone) {
      table.addCounts(this.#carried);
      table.close();
    }
    return gone.length > 0;
  }
}

function bucketsFor(keys: number): number {
  if (keys <= FIRST_BUCKETS * ENTRIES_A_BUCKET * GROW_ABOVE) return FIRST_BUCKETS;
  return Math.ceil(keys / (ENTRIES_A_BUCKET * WANTED_LOAD));
}

function choicesOf(table: InternedTable, key: Uint32Array): readonly [number, number] {
  return [table.bucketOf(key[1] ?? 0), table.bucketOf(key[3] ?? 0)];
}

/** Zeros would look like no entry. */
function isKey(words: Uint32Array, at: number, next: number): boolean {
  return (words[at] !== 0 || words[at + 1] !== 0) && next <= MAX_NEXT;
}

function textOf(words: Uint32Array, at: number): string {
  return `${words[at]} ${words[at + 1]} ${words[at + 2]} ${words[at + 3]}`;
}

function grown(from: Uint32Array, to: Uint32Array): Uint32Array {
  to.set(from);
  return to;
}
