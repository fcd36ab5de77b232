// SPDX-License-Identifier: Apache-2.0
// Physical lines to records. A name with a newline in it makes several lines of one record; a record can also stop before its end. What can
// be read in two ways, as a name with newlines or as records of their own, is refused: a workload chooses its names, and shall not write records.
import { plainRecord, recordState } from "../tsem/kernel.ts";
import { joinedState } from "../tsem/lines.ts";
import { type RecordParts, recordParts } from "../tsem/parts.ts";
import type { TsemDialect, TsemRecord } from "../tsem/tsem-record.ts";
import { MAX_STRAY_CHARS, MAX_STRAY_LINES } from "./limits.ts";
import { readableText } from "./text.ts";

/** Takes physical lines of a stream as latin1 text, one character a byte; numbers count from 1. */
export interface LineSink {
  /** One line without its newline. */
  line(text: string, number: number): void;
  /** A piece of a line of more than MAX_LINE_BYTES, in order; `piece` counts from 1. */
  piece(text: string, number: number, piece: number, last: boolean): void;
}

/** Where a record stands. */
export interface Place {
  /** First physical line, from 1. */
  readonly line: number;
  /** Physical lines of it. */
  readonly lines: number;
}

/** A record, where it stands, and what was read of it when its end was looked for (dialect `kernel` only). */
export interface Found extends Place {
  readonly record?: TsemRecord;
}

/** Takes records in the order of the stream. Texts are latin1, one character a byte, without the last newline. */
export interface RecordSink {
  /**
   * Something about the behaviour of these parts (its coefficient) when a record with them was read before. `recordParts` does not look
   * into a CELL: only with a known one a line is a record for sure.
   */
  known?(parts: RecordParts): string | undefined;
  /** One record; `known` when its behaviour is. It may still turn out to be unreadable. */
  record(bytes: string, place: Found, parts?: RecordParts, known?: string): void;
  /** What is no record, and why. Of a line that is too long to be kept whole there are several pieces. */
  unreadable(bytes: string, place: Place, problem: string, piece?: Piece): void;
}

/** A piece of a long line, counted from 1. */
export interface Piece {
  readonly number: number;
  readonly last: boolean;
}

interface Entry extends Found {
  readonly bytes: string;
  readonly parts?: RecordParts;
  readonly known?: string;
  /** False: by itself it is no record, as far as its shape tells. */
  readonly whole: boolean;
  /** Why it is unreadable, when that is known already. */
  readonly problem?: string;
}

/** How the records begin that Galgo writes itself: always one line. A kernel writes no pid without `export`. */
export const GALGO_START = '{"event": {"pid": "';
const RUN_START = '{"run":';
/** The header of a run in the records beside a model, which Galgo writes exactly so: no text of a workload is in it, and no record looks like it. */
const RUN_HEADER =
  /^\{"run":\{"id":"[0-9a-f]{16}",(?:"kind":"amend",)?(?:"started":"[0-9TZ:.-]+",)?"events":\d+,"lost":\d+,"durationMs":\d+,"saturation":\[[\d,]*\]\}\}\r?$/;
/** How every record begins; other tools write other blanks, and members in another order. */
export const STREAM_START: RegExp = /^\s*\{\s*"(?:export|event|COE|log|aggregate)"\s*:/;

const STRAY = "does not begin as a record does";
const AMBIGUOUS =
  "can be read in two ways: as one record with newlines in a name, or as lines of their own";

/** Puts lines together. The last record waits until the next line shows that it ended there. */
export class RecordJoiner implements LineSink {
  readonly #sink: RecordSink;
  readonly #dialect: TsemDialect;
  /** A record that waits, and lines behind it that begin like none. */
  #held: Entry | undefined;
  #strays: Entry[] = [];
  /** Lines of a record that is not at its end, raw and readable. */
  #open: string[] = [];
  #openTexts: string[] = [];
  #openLine = 0;

  constructor(sink: RecordSink, dialect: TsemDialect) {
    this.#sink = sink;
    this.#dialect = dialect;
  }

  line(bytes: string, number: number): void {
    if (this.#open.length > 0) {
      this.#goOn(bytes);
      return;
    }
    const parts = recordParts(bytes, this.#dialect);
    const known = parts === undefined ? undefined : this.#sink.known?.(parts);
    if (parts === undefined || known === undefined) {
      this.#unusual(bytes, number, parts);
      return;
    }
    this.#next({ bytes, parts, known, line: number, lines: 1, whole: true });
  }

  piece(bytes: string, line: number, number: number, last: boolean): void {
    if (number === 1) this.end();
    const problem = "is longer than any record";
    this.#sink.unreadable(bytes, { line, lines: 1 }, problem, { number, last });
  }

  /** The stream has ended. */
  end(): void {
    while (this.#open.length > 0) this.#giveUpOpen();
    this.#settle();
  }

  /** A record: what came before it has ended. */
  #next(entry: Entry): void {
    if (this.#held !== undefined) this.#settle();
    this.#held = entry;
  }

  /** A line that is not known to be a record. */
  #unusual(bytes: string, number: number, parts: RecordParts | undefined): void {
    if (isBlank(bytes)) {
      this.#blank(bytes, number);
      return;
    }
    const entry = { bytes, line: number, lines: 1, ...(parts === undefined ? {} : { parts }) };
    if (bytes.startsWith(GALGO_START)) {
      this.#next({ ...entry, whole: true });
      return;
    }
    if (bytes.startsWith(RUN_START) && RUN_HEADER.test(bytes)) {
      this.#settle();
      return;
    }
    const text = readableText(bytes);
    const record = plainRecord(text);
    if (record !== undefined) {
      this.#next({ ...entry, whole: true, ...(this.#dialect === "kernel" && { record }) });
      return;
    }
    const state = recordState(text);
    if (state === "begin") {
      this.#settle();
      this.#open = [bytes];
      this.#openTexts = [innerText(bytes)];
      this.#openLine = number;
    } else if (state === "other" && !STREAM_START.test(text)) this.#stray(bytes, number);
    else this.#next({ ...entry, whole: state === "complete" });
  }

  /** A further line while a record is open. */
  #goOn(bytes: string): void {
    const text = readableText(bytes);
    const state = joinedState([...this.#openTexts, text]);
    this.#open.push(bytes);
    this.#openTexts.push(innerText(bytes));
    if (state === "more") return;
    if (state === "never") {
      this.#giveUpOpen();
      return;
    }
    const lines = this.#open;
    const place = { line: this.#openLine, lines: lines.length };
    this.#open = [];
    this.#openTexts = [];
    if (state === "record") this.#next({ bytes: lines.join("\n"), ...place, whole: true });
    else if (recordState(text) === "complete") this.#refuseEach(lines, place.line);
    else this.#sink.unreadable(lines.join("\n"), place, AMBIGUOUS);
  }

  /** Lines that nobody can tell from one record, of which the last is one by itself: most likely the first was cut, so each counts. */
  #refuseEach(lines: readonly string[], first: number): void {
    for (const [at, bytes] of lines.entries()) {
      if (isBlank(bytes)) continue;
      this.#sink.unreadable(bytes, { line: first + at, lines: 1 }, AMBIGUOUS);
    }
  }

  /** The open record will not be completed: its first line is one that was cut, the others are read anew. */
  #giveUpOpen(): void {
    const [first = "", ...others] = this.#open;
    const line = this.#openLine;
    this.#open = [];
    this.#openTexts = [];
    this.#next({ bytes: first, line, lines: 1, whole: false });
    for (const [at, bytes] of others.entries()) this.line(bytes, line + 1 + at);
  }

  /** A line without anything: nothing, or part of a name when a record does not end before it. */
  #blank(bytes: string, line: number): void {
    if (this.#held === undefined) return;
    this.#strays.push({ bytes, line, lines: 1, whole: false });
    if (this.#strays.length >= MAX_STRAY_LINES) this.#settle();
  }

  /** A line that begins like no record. It may be the rest of the record before, which then only seemed to have ended. */
  #stray(bytes: string, line: number): void {
    const stray = { bytes, line, lines: 1, whole: false, problem: STRAY };
    const held = this.#held;
    if (held === undefined) {
      this.#give(stray);
      return;
    }
    this.#strays.push(stray);
    const whole = [held, ...this.#strays].map((entry) => entry.bytes).join("\n");
    if (recordState(readableText(whole)) === "complete") {
      this.#held = undefined;
      this.#strays = [];
      const place = { line: held.line, lines: line - held.line + 1 };
      if (held.whole) this.#sink.unreadable(whole, place, AMBIGUOUS);
      else this.#next({ bytes: whole, ...place, whole: true });
    } else if (this.#strays.length >= MAX_STRAY_LINES || whole.length > MAX_STRAY_CHARS) {
      this.#settle();
    }
  }

  /** What waits is what it seemed to be. */
  #settle(): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    this.#give(held);
    if (this.#strays.length === 0) return;
    const strays = this.#strays;
    this.#strays = [];
    for (const stray of strays) if (!isBlank(stray.bytes)) this.#give(stray);
  }

  #give(entry: Entry): void {
    const { bytes, problem, parts, known } = entry;
    if (problem === undefined) this.#sink.record(bytes, entry, parts, known);
    else this.#sink.unreadable(bytes, entry, problem);
  }
}

function isBlank(bytes: string): boolean {
  return bytes === "" || bytes === "\r";
}

/** Text of a line inside a record: a CR at its end is a part of the name. */
function innerText(bytes: string): string {
  return readableText(`${bytes}\n`).slice(0, -1);
}
