// SPDX-License-Identifier: Apache-2.0
// Brings the journal to one output, in order, each entry at least once: the cursor moves on when the receiver has what was sent.
import { once } from "node:events";
import { setImmediate as turn, setTimeout as pause } from "node:timers/promises";
import { quote } from "../../base/quote.ts";
import { JournalError, SinkError, wordsOf } from "./errors.ts";
import type { Cursor } from "./journal/cursor.ts";
import type { EntryKind } from "./journal/entry.ts";
import type { Journal } from "./journal/journal.ts";
import { type EntryBatch, JournalReader } from "./journal/reader.ts";
import {
  BATCH_BYTES,
  BATCH_ENTRIES,
  CLOSE_TIMEOUT_MS,
  FIRST_PAUSE_MS,
  MAX_PAUSE_MS,
  MAX_REFUSALS,
  SEND_TIMEOUT_MS,
  SETTLE_MS,
} from "./limits.ts";
import type { Format, Message, Sink } from "./sinks/sink.ts";

/** How an output is doing. */
export interface OutputStatus {
  readonly name: string;
  readonly kind: string;
  /** Where to, without secrets. */
  readonly target: string;
  readonly connected: boolean;
  /** Entries of the journal that it has not had. */
  readonly waiting: number;
  /** Messages that its receiver has taken since the daemon started. */
  readonly sent: number;
  /** Attempts that failed since the daemon started. */
  readonly failures: number;
  /** Entries that it never got because the journal was full; of all daemons. */
  readonly dropped: number;
  /** Entries that its receiver refused or that were too long; of all daemons. */
  readonly refused: number;
  /** Why the last attempt failed, while it does. */
  readonly error?: string;
}

export interface PumpOptions {
  readonly name: string;
  readonly kind: string;
  readonly journal: Journal;
  readonly sink: Sink;
  readonly format: Format;
  readonly kinds: ReadonlySet<EntryKind>;
  /** Where an output begins that is new. */
  readonly start: "now" | "oldest";
  readonly batch?: number;
  onNotice(text: string): void;
}

export class Pump {
  readonly #options: PumpOptions;
  readonly #cursor: Cursor;
  readonly #reader: JournalReader;
  readonly #stop = new AbortController();
  #sent = 0;
  #failures = 0;
  /** In a row. */
  #failed = 0;
  /** The daemon ended before a batch was taken: it is sent by the next one. */
  #unsent = false;
  #dropped: number;
  #refused: number;
  #error: string | undefined;
  #next: number;
  #running: Promise<void>;
  /** The last call of the sink, settled or not. */
  #underWay: Promise<unknown> = Promise.resolve();

  /** @throws JournalError BAD_JOURNAL */
  constructor(options: PumpOptions, cursor: Cursor) {
    this.#options = options;
    this.#cursor = cursor;
    const { journal, start } = options;
    const state = cursor.state;
    this.#next = state?.next ?? (start === "now" ? journal.next : journal.first);
    this.#dropped = state?.dropped ?? 0;
    this.#refused = state?.refused ?? 0;
    this.#reader = new JournalReader(journal, this.#next);
    if (state === undefined) this.#begin();
    this.#running = this.#run();
  }

  /** Number of the first entry that it has not had. */
  get next(): number {
    return this.#next;
  }

  status(): OutputStatus {
    const { name, kind, sink, journal } = this.#options;
    return {
      name,
      kind,
      target: sink.target,
      connected: this.#failed === 0,
      waiting: journal.next - Math.max(this.#next, journal.first),
      sent: this.#sent,
      failures: this.#failures,
      dropped: this.#dropped,
      refused: this.#refused,
      ...(this.#error === undefined ? {} : { error: this.#error }),
    };
  }

  /** Waits until everything is sent, at most so long, and ends. Never rejects: other outputs and the journal are to be closed too. */
  async close(drainMs: number): Promise<void> {
    const until = Date.now() + drainMs;
    const { journal } = this.#options;
    while (this.#next < journal.next && this.#failed === 0 && Date.now() < until) await pause(10);
    this.#stop.abort();
    await this.#running;
    try {
      this.#cursor.save();
    } catch (error) {
      this.#options.onNotice(
        `output ${this.#options.name}: can not write how far it has come (${quote(wordsOf(error))}); what it had last is sent again`,
      );
    }
    const never = new AbortController().signal;
    await within(never, CLOSE_TIMEOUT_MS, () => this.#options.sink.close()).catch(() => undefined);
  }

  /** A new output: where it begins does not change any more. */
  #begin(): void {
    try {
      this.#keep();
    } catch (error) {
      this.#noteFailure(error);
    }
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        const batch = this.#reader.read({
          entries: this.#options.batch ?? BATCH_ENTRIES,
          bytes: BATCH_BYTES,
        });
        this.#noteMissed(batch);
        const settling = this.#options.sink.unsettled === true;
        if (batch.entries.length > 0 || settling) await this.#deliver(batch, signal);
        else if (batch.missed === 0) await this.#waitForMore(signal);
        // a batch of which nothing is to be sent waits for nobody; the rest of the daemon has its turn all the same
        await turn();
      } catch (error) {
        if (signal.aborted) return;
        // the journal can not be read, or the cursor not be written
        this.#noteFailure(error);
        await this.#rest(signal);
      }
    }
  }

  async #waitForMore(signal: AbortSignal): Promise<void> {
    const { journal } = this.#options;
    if (this.#reader.next < journal.next)
      throw new JournalError("BAD_JOURNAL", "the journal's files are shorter than they were");
    // a stream that may break after the last message is looked at now and then
    const looks = this.#options.sink.unsettled !== undefined;
    await within(signal, looks ? SETTLE_MS : undefined, async (either) => {
      await once(journal, "appended", { signal: either });
    }).catch(() => undefined);
  }

  async #deliver(batch: EntryBatch, signal: AbortSignal): Promise<void> {
    const messages = this.#messagesOf(batch);
    if (messages.length > 0 || this.#options.sink.unsettled === true)
      await this.#send(messages, signal);
    if (signal.aborted && this.#unsent) return;
    this.#next = batch.next;
    this.#keep();
  }

  /** Tries until the messages are taken, or refused for good, or the daemon ends. */
  async #send(messages: readonly Message[], signal: AbortSignal): Promise<void> {
    for (let refusals = 0; !signal.aborted; ) {
      const error = await this.#attempt(messages, signal);
      if (error === undefined) return;
      if (error instanceof SinkError && error.code === "REFUSED") {
        if (messages.length > 1) return this.#sendHalves(messages, signal);
        refusals += 1;
        if (refusals >= MAX_REFUSALS) return this.#noteRefused(1, wordsOf(error));
      }
      await this.#rest(signal);
    }
    this.#unsent = true;
  }

  /** @returns why the messages were not taken */
  async #attempt(messages: readonly Message[], signal: AbortSignal): Promise<unknown> {
    try {
      await within(signal, SEND_TIMEOUT_MS, async (either) => {
        // what could not be interrupted has to come back first: two at a time would mix what they write
        await this.#underWay;
        either.throwIfAborted();
        const sending = this.#options.sink.send(messages, either);
        this.#underWay = sending.catch(() => undefined);
        await sending;
      });
      this.#taken(messages.length);
      return undefined;
    } catch (error) {
      if (!signal.aborted) this.#noteFailure(error);
      return error;
    }
  }

  /** One of them may be what the receiver does not want. */
  async #sendHalves(messages: readonly Message[], signal: AbortSignal): Promise<void> {
    const half = Math.ceil(messages.length / 2);
    await this.#send(messages.slice(0, half), signal);
    await this.#send(messages.slice(half), signal);
  }

  #messagesOf({ entries }: EntryBatch): Message[] {
    const { format, kinds, sink } = this.#options;
    const messages: Message[] = [];
    let tooLong = 0;
    for (const entry of entries) {
      if (!kinds.has(entry.kind)) continue;
      const text = format(entry);
      if (text === undefined) continue;
      if (Buffer.byteLength(text) > sink.maxMessageBytes) tooLong += 1;
      else messages.push({ entry, text });
    }
    if (tooLong > 0) this.#noteRefused(tooLong, `longer than ${sink.maxMessageBytes} bytes`);
    return messages;
  }

  #taken(messages: number): void {
    this.#sent += messages;
    if (this.#failed === 0) return;
    const { name, sink, onNotice } = this.#options;
    onNotice(`output ${name}: ${sink.target} takes records again`);
    this.#failed = 0;
    this.#error = undefined;
  }

  #keep(): void {
    this.#cursor.move({ next: this.#next, dropped: this.#dropped, refused: this.#refused });
  }

  #noteFailure(error: unknown): void {
    this.#failures += 1;
    this.#failed += 1;
    const why = wordsOf(error);
    if (this.#error !== why) {
      const { name, sink } = this.#options;
      this.#options.onNotice(
        `output ${name}: ${sink.target} does not take records (${quote(why)}); they wait in the journal`,
      );
    }
    this.#error = why;
  }

  #noteRefused(count: number, why: string): void {
    this.#refused += count;
    this.#options.onNotice(
      `output ${this.#options.name}: ${count} ${count === 1 ? "record is" : "records are"} left out (${quote(why)}); what is left out stays in the run folder`,
    );
  }

  #noteMissed({ missed }: EntryBatch): void {
    if (missed === 0) return;
    this.#dropped += missed;
    this.#options.onNotice(
      `output ${this.#options.name}: ${missed} entries of the journal are lost to this output: they were dropped because it was full, or are damaged; what is of workloads stays in their run folders`,
    );
  }

  /** Longer after each failure, and not the same for all outputs. */
  async #rest(signal: AbortSignal): Promise<void> {
    const longest = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.#failed - 1, 16));
    await pause(longest * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
  }
}

/**
 * Does `work` with a signal that is given when `signal` is, or after a time; then it is waited for no longer, whether it heeds the signal or not.
 * Not AbortSignal.any: `signal` lives as long as the daemon.
 */
async function within(
  signal: AbortSignal,
  timeoutMs: number | undefined,
  work: (either: AbortSignal) => Promise<void>,
): Promise<void> {
  const either = new AbortController();
  const given = new Promise<never>((_, reject) => {
    either.signal.addEventListener("abort", () => reject(either.signal.reason), { once: true });
  });
  const abort = (): void => either.abort(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  const late = (): void => either.abort(new Error(`no answer for ${timeoutMs} ms`));
  const timer = timeoutMs === undefined ? undefined : setTimeout(late, timeoutMs);
  timer?.unref();
  try {
    if (signal.aborted) abort();
    await Promise.race([given, work(either.signal)]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}
