// SPDX-License-Identifier: Apache-2.0
// The records of a workload that is looked at: lines as they come, the newest kept, put in words when they are shown.
import type { SecurityEvent } from "../../event/index.ts";
import { describeEvent } from "../../event/index.ts";
import { Actors, isIdentity, type Mark, readRecordText } from "../../orchestrator/inspect/index.ts";
import { quote } from "../../base/quote.ts";
import { chainText } from "../violation-text.ts";

/** Records that are kept; of older ones only the number is known. */
export const MAX_KEPT = 10_000;
/** Words of that many records are kept for the next drawing. */
const MAX_WORDED = 2_000;
const IDENTITY = "bprm_committed_creds";
const MAX_NAME = 120;

/** A record in words; all texts are quoted. */
export interface RecordWords {
  /** From 1, in the order of the file; identity records are not counted. */
  readonly number: number;
  readonly mark: Mark | undefined;
  /** Last element of the acting program's path. */
  readonly program: string;
  readonly chain: string;
  readonly words: string;
  readonly event: SecurityEvent | undefined;
  /** All programs of the chain are known. */
  readonly named: boolean;
}

/** What the views need of a list of records. */
export interface RecordView {
  /** Records so far, those that were dropped included. */
  readonly total: number;
  /** Why there are none, or no more. */
  readonly problem: string | undefined;
  /** The list was read up to its present end once. */
  readonly complete: boolean;
  /** Places, for `at`, of the records that hold `filter`. */
  matching(filter: string): { readonly length: number; at(index: number): number };
  at(place: number): RecordWords | undefined;
}

export class RecordList implements RecordView {
  problem: string | undefined;
  complete = false;
  readonly #actors: Actors;
  /** Lines from record #first on; place n is #lines[n]. */
  #lines: string[] = [];
  #first = 0;
  readonly #worded = new Map<number, RecordWords>();
  #found: { filter: string; until: number; places: number[] } = {
    filter: "",
    until: 0,
    places: [],
  };

  /** @param actors of both lists of a workload: each names programs that occur in the other */
  constructor(actors: Actors = new Actors()) {
    this.#actors = actors;
  }

  get total(): number {
    return this.#first + this.#lines.length;
  }

  /** Takes one line of the file. */
  add(line: string): void {
    if (line === "") return;
    if (line.includes(IDENTITY)) {
      const event = read(line)?.event;
      if (event !== undefined && isIdentity(event)) {
        this.#actors.add(event);
        return;
      }
    }
    this.#lines.push(line);
    if (this.#lines.length >= MAX_KEPT * 2) this.#drop(this.#lines.length - MAX_KEPT);
  }

  matching(filter: string): { readonly length: number; at(index: number): number } {
    const { length } = this.#lines;
    if (filter === "") return { length, at: (index) => index };
    const wanted = filter.toLowerCase();
    if (this.#found.filter !== wanted) this.#found = { filter: wanted, until: 0, places: [] };
    const { places } = this.#found;
    for (let place = this.#found.until; place < length; place += 1) {
      const words = this.#words(place);
      if (
        `${words?.chain} ${words?.words} ${words?.mark?.decision ?? ""}`
          .toLowerCase()
          .includes(wanted)
      ) {
        places.push(place);
      }
    }
    this.#found.until = length;
    return { length: places.length, at: (index) => places[index] ?? -1 };
  }

  at(place: number): RecordWords | undefined {
    const known = this.#worded.get(place);
    if (known !== undefined) return known;
    const words = this.#words(place);
    if (words === undefined) return undefined;
    if (this.#worded.size >= MAX_WORDED) this.#worded.clear();
    // who is not known yet may be named by a record that comes later, in this list or the other
    if (words.named) this.#worded.set(place, words);
    return words;
  }

  #words(place: number): RecordWords | undefined {
    const line = this.#lines[place];
    if (line === undefined) return undefined;
    const number = this.#first + place + 1;
    const record = read(line);
    if (record === undefined) {
      const words = `a record that can not be read: ${quote(line, MAX_NAME)}`;
      return {
        number,
        mark: undefined,
        program: "?",
        chain: "?",
        words,
        event: undefined,
        named: true,
      };
    }
    const { event, mark } = record;
    const chain = this.#actors.chainOf(event.task).map(({ program }) => program);
    const last = chain.at(-1);
    return {
      number,
      mark,
      program: last === undefined ? "?" : quote(last.slice(last.lastIndexOf("/") + 1), MAX_NAME),
      chain: chainText(chain),
      words: describeEvent(event, (taskId) => this.#actors.programOf(taskId)),
      event,
      named: !chain.includes(undefined),
    };
  }

  #drop(count: number): void {
    this.#lines = this.#lines.slice(count);
    this.#first += count;
    this.#worded.clear();
    this.#found = { filter: "", until: 0, places: [] };
  }
}

function read(line: string): ReturnType<typeof readRecordText> {
  try {
    return readRecordText(line);
  } catch {
    return undefined;
  }
}
