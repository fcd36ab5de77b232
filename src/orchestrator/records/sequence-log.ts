// SPDX-License-Identifier: Apache-2.0
// sequence.jsonl of a run: in which order its events came. Lines of base64; in each a pair of varints for an event: its stream, and its behaviour by
// the order of discovery. The same lines stand in the records beside a model. A run under a model has lines with the coefficient of each behaviour
// and with the process of each stream, too.
import { existsSync } from "node:fs";
import { quote } from "../../base/quote.ts";
import type { RunSequence } from "../../model/index.ts";
import { RecordFileError } from "../errors.ts";
import { MAX_SEQUENCE_EVENTS } from "../limits.ts";
import { readLines } from "./line-reader.ts";
import { openRecordLog, type RecordLog } from "./record-log.ts";

/** How a line begins. */
export const SEQUENCE_START = '{"sequence":';

/** Numbers of one line: two for each event. */
const LINE_NUMBERS = 16_384;
/** Numbers that wait in memory while events are waiting. */
const MAX_WAITING: number = 16 * LINE_NUMBERS;

/** The process that an event is of, and the program that it is at the time. */
interface ProcessStream {
  readonly taskId: string;
  readonly stream: number;
}

/** Takes what a namespace lets pass; nothing is written before many events have come. */
export class SequenceLog {
  readonly #log: RecordLog;
  readonly #behaviours = new Map<string, number>();
  readonly #streams = new Map<number, ProcessStream>();
  readonly #waiting: number[] = [];
  #nextStream = 0;
  #events = 0;
  #whole = true;
  readonly #named: boolean;

  /** @param named for a run under a model @throws RecordFileError WRITE_FAILED */
  constructor(path: string, named = false) {
    this.#log = openRecordLog(path);
    this.#named = named;
  }

  /** An event outside of the model: only a run under one tells of it. */
  addOutside(pid: number, taskId: string, coefficient: string): void {
    if (this.#named) this.add(pid, taskId, coefficient);
  }

  add(pid: number, taskId: string, coefficient: string): void {
    let behaviour = this.#behaviours.get(coefficient);
    if (behaviour === undefined) {
      behaviour = this.#behaviours.size;
      this.#behaviours.set(coefficient, behaviour);
      if (this.#named) this.#log.append(JSON.stringify({ behaviour: coefficient }));
    }
    if (this.#events >= MAX_SEQUENCE_EVENTS) this.incomplete();
    if (!this.#whole) return;
    this.#events += 1;
    this.#waiting.push(this.#streamOf(pid, taskId), behaviour);
    if (this.#waiting.length >= MAX_WAITING) this.#write();
  }

  /** Nobody waits for an answer now. @throws RecordFileError WRITE_FAILED */
  settle(): void {
    if (this.#waiting.length >= LINE_NUMBERS) this.#write();
  }

  /** There were events of which only the number is known. */
  incomplete(): void {
    this.#whole = false;
  }

  /** @throws RecordFileError WRITE_FAILED */
  close(): void {
    this.#write();
    if (!this.#whole) this.#log.append(INCOMPLETE);
    this.#log.close();
  }

  #streamOf(pid: number, taskId: string): number {
    const known = this.#streams.get(pid);
    if (known !== undefined && known.taskId === taskId) return known.stream;
    const stream = this.#nextStream;
    this.#nextStream += 1;
    this.#streams.set(pid, { taskId, stream });
    if (this.#named) this.#log.append(JSON.stringify({ stream: pid }));
    return stream;
  }

  #write(): void {
    for (let from = 0; from < this.#waiting.length; from += LINE_NUMBERS)
      this.#log.append(lineOf(this.#waiting.slice(from, from + LINE_NUMBERS)));
    this.#waiting.length = 0;
  }
}

const INCOMPLETE = `${SEQUENCE_START}null}`;

function lineOf(numbers: readonly number[]): string {
  const bytes: number[] = [];
  for (const number of numbers) {
    let rest = number;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
    bytes.push(rest);
  }
  return JSON.stringify({ sequence: Buffer.from(bytes).toString("base64") });
}

/** The lines of a sequence. */
export function* sequenceLines({ streams, behaviours }: RunSequence): Generator<string> {
  const events = LINE_NUMBERS / 2;
  for (let from = 0; from < streams.length; from += events) {
    const part = streams.subarray(from, from + events);
    yield lineOf(Array.from(part).flatMap((stream, at) => [stream, behaviours[from + at] ?? 0]));
  }
}

/** Puts the lines of a sequence together again. */
export class SequenceReader {
  readonly #numbers: number[] = [];
  #whole = true;

  /** @param place named in the error @throws RecordFileError BAD_RECORD */
  line(text: string, place: string): void {
    const value = objectOf(text).sequence;
    if (value === null) this.#whole = false;
    else if (typeof value !== "string" || !this.#take(Buffer.from(value, "base64")))
      throw new RecordFileError("BAD_RECORD", `${place} is not part of a sequence; learn again`);
  }

  /** Undefined when there is none, or not of all events. */
  end(behaviours: number): RunSequence | undefined {
    const numbers = Int32Array.from(this.#numbers);
    const events = numbers.length / 2;
    if (!this.#whole || events === 0 || !Number.isInteger(events)) return undefined;
    const sequence = {
      streams: numbers.filter((_, at) => at % 2 === 0),
      behaviours: numbers.filter((_, at) => at % 2 === 1),
    };
    const known = (behaviour: number): boolean => behaviour < behaviours;
    return sequence.behaviours.every(known) && sequence.streams.every((s) => s <= events)
      ? sequence
      : undefined;
  }

  #take(bytes: Buffer): boolean {
    let value = 0;
    let scale = 1;
    for (const byte of bytes) {
      value += (byte & 0x7f) * scale;
      scale *= 0x80;
      if (byte >= 0x80) continue;
      if (value > MAX_SEQUENCE_EVENTS || this.#numbers.length >= 2 * MAX_SEQUENCE_EVENTS)
        return false;
      this.#numbers.push(value);
      value = 0;
      scale = 1;
    }
    return scale === 1;
  }
}

interface SequenceLine {
  readonly sequence?: unknown;
  readonly behaviour?: unknown;
  readonly stream?: unknown;
}

function objectOf(text: string): SequenceLine {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** The sequence of a run with so many behaviours; undefined when none was recorded, or not of all events. @throws RecordFileError */
export function readSequence(path: string, behaviours: number): RunSequence | undefined {
  if (!existsSync(path)) return undefined;
  const reader = new SequenceReader();
  for (const { number, text } of readLines(path))
    reader.line(text, `${quote(path)}: line ${number}`);
  return reader.end(behaviours);
}

/** The order of events of a run under a model. */
export interface NamedSequence extends RunSequence {
  /** Coefficients of the behaviours. */
  readonly names: readonly string[];
  /** Process ids of the streams. */
  readonly pids: readonly number[];
}

/** Undefined when none was recorded, or not of all events. @throws RecordFileError */
export function readNamedSequence(path: string): NamedSequence | undefined {
  if (!existsSync(path)) return undefined;
  const reader = new SequenceReader();
  const names: string[] = [];
  const pids: number[] = [];
  for (const { number, text } of readLines(path)) {
    const place = `${quote(path)}: line ${number}`;
    if (text.startsWith(SEQUENCE_START)) reader.line(text, place);
    else takeName(text, place, { names, pids });
  }
  const sequence = reader.end(names.length);
  return sequence === undefined ? undefined : { ...sequence, names, pids };
}

function takeName(
  text: string,
  place: string,
  { names, pids }: { readonly names: string[]; readonly pids: number[] },
): void {
  const line = objectOf(text);
  const { behaviour, stream } = line;
  if (typeof behaviour === "string") names.push(behaviour);
  else if (typeof stream === "number") pids.push(stream);
  else throw new RecordFileError("BAD_RECORD", `${place} says nothing of a sequence`);
}
