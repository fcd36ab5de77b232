// SPDX-License-Identifier: Apache-2.0
// The end of an agent in the thread that decides: allowed events are put down in memory that the agent's thread reads in its own time, so that
// what an agent costs is not paid by who waits for an answer.
import type { MessagePort } from "node:worker_threads";
import { HOOK_NAMES, type HookName, type SecurityEvent } from "../../event/index.ts";
import { MAX_FEATURE_STREAMS } from "../../model/features/index.ts";

/** Events that wait for the agent (a power of two); further ones are not judged, and counted. One takes 24 bytes. */
export const MAX_WAITING_EVENTS: number = 2 ** 17;

/** Numbers at the beginning of the memory: events written and read (modulo 2^32), and left out. */
const WRITTEN = 0;
const READ = 1;
const LEFT_OUT = 2;
const HEAD_BYTES = 16;
/** Of an event: its stream, behaviour and hook. */
const NUMBERS = 4;
const TIMES_AT: number = HEAD_BYTES + NUMBERS * 4 * MAX_WAITING_EVENTS;

/** For the thread that decides. */
export interface FeedLink {
  readonly port: MessagePort;
  readonly memory: SharedArrayBuffer;
}

/** Told before the first event of a stream can be read. */
export interface StreamName {
  readonly stream: number;
  readonly pid: number;
  /** hex */
  readonly taskId: string;
}

/** No event of this stream stands at this number or behind it. */
export interface StreamEnd {
  readonly ended: number;
  readonly at: number;
}

export type StreamNews = StreamName | StreamEnd;

/** An event as it is read. `at`: when it was decided (ms since 1970). */
export interface FedEvent {
  readonly stream: number;
  readonly behaviour: number;
  readonly hook: HookName;
  readonly at: number;
}

export function newFeedMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(TIMES_AT + 8 * MAX_WAITING_EVENTS);
}

/** Events that were not judged because too many waited. */
export function leftOutOf(memory: SharedArrayBuffer): number {
  return Atomics.load(new Int32Array(memory, 0, 4), LEFT_OUT);
}

const HOOK_INDEX: ReadonlyMap<HookName, number> = new Map(HOOK_NAMES.map((hook, at) => [hook, at]));

/** The memory as both sides see it. */
class Ring {
  readonly head: Int32Array;
  readonly numbers: Int32Array;
  readonly times: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    this.head = new Int32Array(memory, 0, 4);
    this.numbers = new Int32Array(memory, HEAD_BYTES, NUMBERS * MAX_WAITING_EVENTS);
    this.times = new Float64Array(memory, TIMES_AT, MAX_WAITING_EVENTS);
  }
}

export class FeatureFeed {
  readonly #port: MessagePort;
  readonly #ring: Ring;
  readonly #behaviours = new Map<string, number>();
  readonly #streams = new Map<number, StreamName>();
  readonly #news: StreamNews[] = [];
  #nextStream = 0;
  #written = 0;

  constructor({ port, memory }: FeedLink) {
    this.#port = port;
    this.#ring = new Ring(memory);
  }

  add({ pid, task, hook }: SecurityEvent, coefficient: string): void {
    const { head, numbers, times } = this.#ring;
    if (((this.#written - Atomics.load(head, READ)) | 0) >= MAX_WAITING_EVENTS) {
      Atomics.add(head, LEFT_OUT, 1);
      return;
    }
    const slot = this.#written & (MAX_WAITING_EVENTS - 1);
    const at = NUMBERS * slot;
    numbers[at] = this.#streamOf(pid, task.taskId);
    numbers[at + 1] = this.#behaviourOf(coefficient);
    numbers[at + 2] = HOOK_INDEX.get(hook) ?? 0;
    times[slot] = performance.timeOrigin + performance.now();
    this.#written = (this.#written + 1) | 0;
  }

  /** To be called when the workload has its answer: what was put down can be read. */
  send(): void {
    if (this.#news.length > 0)
      for (const news of this.#news.splice(0)) this.#port.postMessage(news);
    Atomics.store(this.#ring.head, WRITTEN, this.#written);
  }

  /** Nothing more comes. */
  close(): void {
    this.send();
    this.#port.close();
  }

  #behaviourOf(coefficient: string): number {
    const known = this.#behaviours.get(coefficient);
    if (known !== undefined) return known;
    this.#behaviours.set(coefficient, this.#behaviours.size);
    return this.#behaviours.size - 1;
  }

  #streamOf(pid: number, taskId: string): number {
    const known = this.#streams.get(pid);
    if (known !== undefined && known.taskId === taskId) return known.stream;
    const name = { stream: this.#nextStream, pid, taskId };
    this.#nextStream += 1;
    this.#end(known);
    if (this.#streams.size >= MAX_FEATURE_STREAMS) {
      const [oldest] = this.#streams.values();
      this.#end(oldest);
    }
    this.#streams.set(pid, name);
    this.#news.push(name);
    return name.stream;
  }

  #end(name: StreamName | undefined): void {
    if (name === undefined) return;
    this.#streams.delete(name.pid);
    this.#news.push({ ended: name.stream, at: this.#written });
  }
}

/** The agent's end. */
export class FeedReader {
  readonly #ring: Ring;
  #read = 0;

  constructor(memory: SharedArrayBuffer) {
    this.#ring = new Ring(memory);
  }

  /** Whether the event with this number was read. */
  isBehind(number: number): boolean {
    return ((this.#read - number) | 0) >= 0;
  }

  /** How many events can be read; names of their streams have been told. */
  get waiting(): number {
    return (Atomics.load(this.#ring.head, WRITTEN) - this.#read) | 0;
  }

  /** At most so many events; their place is free as soon as the next one is asked for. */
  *take(count: number): Generator<FedEvent> {
    const { head, numbers, times } = this.#ring;
    for (let left = Math.min(count, this.waiting); left > 0; left--) {
      const slot = this.#read & (MAX_WAITING_EVENTS - 1);
      const at = NUMBERS * slot;
      const [stream = 0, behaviour = 0, hook = 0] = numbers.subarray(at, at + NUMBERS);
      const event = {
        stream,
        behaviour,
        hook: HOOK_NAMES[hook] ?? "file_open",
        at: times[slot] ?? 0,
      };
      this.#read = (this.#read + 1) | 0;
      Atomics.store(head, READ, this.#read);
      yield event;
    }
  }
}
