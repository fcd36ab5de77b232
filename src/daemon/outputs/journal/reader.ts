// SPDX-License-Identifier: Apache-2.0
// Reads the journal from a number on, batch by batch, as fast as one output takes them.
import { closeSync, openSync, readSync } from "node:fs";
import { type Entry, readEntry } from "./entry.ts";
import type { Journal } from "./journal.ts";
import { sequenceOf } from "./segments.ts";

const NEWLINE = 0x0a;

/** Some entries in a row. */
export interface EntryBatch {
  readonly entries: readonly Entry[];
  /** Number behind the last of them. */
  readonly next: number;
  /** Entries that were removed from the journal before this reader had them, or are damaged or missing. */
  readonly missed: number;
}

interface Place {
  /** First number of the file. */
  readonly segment: number;
  readonly offset: number;
}

interface Piece {
  readonly entries: Entry[];
  readonly bytes: number;
  /** Lines that are no entries: the disk or somebody has changed them. */
  readonly damaged: number;
}

/** What a batch may hold. */
export interface BatchLimit {
  readonly entries: number;
  readonly bytes: number;
}

export class JournalReader {
  readonly #journal: Journal;
  #next: number;
  /** Where #next begins; undefined: has to be looked for. */
  #place: Place | undefined;
  /** Numbers between two files that no file has. */
  #absent = 0;

  /** @param next number of the first entry that is wanted */
  constructor(journal: Journal, next: number) {
    this.#journal = journal;
    this.#next = Math.min(next, journal.next);
  }

  /** Number of the entry that comes next. */
  get next(): number {
    return this.#next;
  }

  /** The next entries; empty when all have been read. */
  read(limit: BatchLimit): EntryBatch {
    const missed = Math.max(0, this.#journal.first - this.#next);
    if (missed > 0) {
      this.#next += missed;
      this.#place = undefined;
    }
    const entries: Entry[] = [];
    let bytes = 0;
    let damaged = 0;
    while (entries.length < limit.entries && bytes < limit.bytes) {
      const got = this.#readSome(limit.entries - entries.length, limit.bytes - bytes);
      if (got.bytes === 0) break;
      entries.push(...got.entries);
      bytes += got.bytes;
      damaged += got.damaged;
    }
    const absent = this.#absent;
    this.#absent = 0;
    return { entries, next: this.#next, missed: missed + damaged + absent };
  }

  /** Takes lines out of one file: at least one when there is one, whatever its length. */
  #readSome(mostEntries: number, mostBytes: number): Piece {
    const entries: Entry[] = [];
    let bytes = 0;
    let damaged = 0;
    const place = this.#find();
    const segment = this.#journal.segments.find(({ first }) => first === place?.segment);
    if (place === undefined || segment === undefined) return { entries, bytes, damaged };
    for (const line of linesFrom(segment.path, place.offset, segment.bytes)) {
      const entry = entryOrNot(line.text);
      // the entry's own number counts: damage may have made two lines of one, or one of two
      this.#next = (entry?.seq ?? this.#next) + 1;
      if (entry === undefined) damaged += 1;
      else entries.push(entry);
      bytes += line.bytes;
      if (entries.length >= mostEntries || bytes >= mostBytes) break;
    }
    this.#place = { segment: segment.first, offset: place.offset + bytes };
    return { entries, bytes, damaged };
  }

  /** Where the next line is. */
  #find(): Place | undefined {
    this.#place ??= this.#search();
    if (this.#place === undefined) return undefined;
    const { segment, offset } = this.#place;
    const file = this.#journal.segments.find(({ first }) => first === segment);
    if (file !== undefined && offset >= file.bytes) this.#nextFile(segment);
    return this.#place;
  }

  /** Goes on with the file behind the one that begins with `first`, when there is one. */
  #nextFile(first: number): void {
    const later = this.#journal.segments.find((segment) => segment.first > first);
    if (later === undefined) return;
    // a power cut, or somebody, has taken what was between the two
    this.#absent += Math.max(0, later.first - this.#next);
    this.#next = later.first;
    this.#place = { segment: later.first, offset: 0 };
  }

  /** Looks for the line of the next number. */
  #search(): Place | undefined {
    const segment = this.#journal.segments.findLast(({ first }) => first <= this.#next);
    if (segment === undefined) return undefined;
    let offset = 0;
    for (const line of linesFrom(segment.path, 0, segment.bytes)) {
      const seq = sequenceOf(line.text);
      if (seq !== undefined && seq >= this.#next) break;
      offset += line.bytes;
    }
    return { segment: segment.first, offset };
  }
}

function entryOrNot(line: string): Entry | undefined {
  if (sequenceOf(line) === undefined) return undefined;
  try {
    return readEntry(line);
  } catch {
    return undefined;
  }
}

const CHUNK_BYTES = 256 * 1024;

/** Lines of a file between two offsets; `bytes` with the newline. */
function* linesFrom(
  path: string,
  from: number,
  to: number,
): Generator<{ text: string; bytes: number }> {
  const fd = openSync(path, "r");
  try {
    let rest: Buffer = Buffer.alloc(0);
    const chunk = Buffer.alloc(CHUNK_BYTES);
    for (let at = from; at < to; ) {
      const size = readSync(fd, chunk, 0, Math.min(CHUNK_BYTES, to - at), at);
      if (size === 0) return;
      at += size;
      let bytes =
        rest.length === 0
          ? chunk.subarray(0, size)
          : Buffer.concat([rest, chunk.subarray(0, size)]);
      for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE)) {
        yield { text: bytes.toString("utf8", 0, end), bytes: end + 1 };
        bytes = bytes.subarray(end + 1);
      }
      rest = Buffer.from(bytes);
    }
  } finally {
    closeSync(fd);
  }
}
