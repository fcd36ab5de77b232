// SPDX-License-Identifier: Apache-2.0
// Takes parcels from the stream that all servers share, and acknowledges them when they are in the database.
import { inflateSync } from "node:zlib";
import { jetstream } from "@nats-io/jetstream";
import type { ConsumerMessages, JsMsg } from "@nats-io/jetstream";
import { setImmediate as nextTurn, setTimeout as delay } from "node:timers/promises";
import { quote } from "../../base/quote.ts";
import {
  EVENT_CONSUMER,
  EVENT_STREAM,
  LinkError,
  parseUpSubject,
  readParcel,
} from "../../wire/link/index.ts";
import type { Parcel } from "../../wire/link/index.ts";
import { HostBudgets } from "./budget.ts";
import { wordsOf } from "./database-faults.ts";
import type { Ingest, IngestContext } from "./ingest.ts";
import {
  COMPLAIN_MS,
  GIVE_BACK_MS,
  MAX_BATCH_BYTES,
  MAX_BATCH_PARCELS,
  MAX_RETRY_MS,
  MAX_WAITING_PARCELS,
  MIN_RETRY_MS,
  PULL_MS,
} from "./limits.ts";

interface Waiting {
  readonly message: JsMsg;
  readonly parcel: Parcel;
}

export class ParcelConsumer {
  readonly #context: IngestContext;
  readonly #ingest: Ingest;
  readonly #end = new AbortController();
  readonly #waiting: Waiting[] = [];
  readonly #work: Promise<unknown>;
  readonly #budgets: HostBudgets;
  #toldBeyond = 0;
  /** Called when there is something to store, and when there is room. */
  #wake: () => void = () => undefined;
  #room: () => void = () => undefined;
  #messages: ConsumerMessages | undefined;

  constructor(context: IngestContext, ingest: Ingest) {
    this.#context = context;
    this.#ingest = ingest;
    this.#budgets = new HostBudgets(() => context.now());
    this.#work = Promise.all([this.#receive(), this.#store()]);
  }

  /** Parcels that were taken and are not stored yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** What is being stored is finished; the rest is given to another server. */
  async close(): Promise<void> {
    this.#end.abort();
    this.#wake();
    this.#room();
    await this.#giveBack();
    await this.#work;
    for (const { message } of this.#waiting.splice(0)) message.nak();
  }

  /** What the client has received already is lost to others for a while when it is just closed. */
  async #giveBack(): Promise<void> {
    const messages = this.#messages;
    if (messages === undefined) return;
    const until = performance.now() + GIVE_BACK_MS;
    while (messages.getPending() > 0 && performance.now() < until) await nextTurn();
    await messages.close();
  }

  get #ended(): boolean {
    return this.#end.signal.aborted;
  }

  async #receive(): Promise<void> {
    for (let pause = MIN_RETRY_MS; !this.#ended; pause = Math.min(2 * pause, MAX_RETRY_MS)) {
      try {
        const consumer = await jetstream(this.#context.bus.connection).consumers.get(
          EVENT_STREAM,
          EVENT_CONSUMER,
        );
        this.#messages = await consumer.consume({
          max_messages: MAX_BATCH_PARCELS,
          expires: PULL_MS,
        });
        // nobody has begun to read it, so its end would be waited for in vain
        if (this.#ended) return this.#messages.stop();
        for await (const message of this.#messages) {
          pause = MIN_RETRY_MS;
          await this.#received(message);
        }
      } catch (error) {
        if (this.#ended) return;
        this.#context.tell(
          "warning",
          `no parcels come from the bus: ${quote(wordsOf(error))}; trying again`,
        );
      }
      await delay(pause, undefined, { signal: this.#end.signal }).catch(() => undefined);
    }
  }

  async #received(message: JsMsg): Promise<void> {
    if (this.#ended) return message.nak(GIVE_BACK_MS);
    const parcel = this.#read(message);
    if (parcel === undefined) return;
    this.#waiting.push({ message, parcel });
    this.#wake();
    while (this.#waiting.length >= MAX_WAITING_PARCELS && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#room = resolve;
      });
    }
  }

  /** What nobody can read is no parcel: sending it again makes it no better. */
  #read(message: JsMsg): Parcel | undefined {
    const { host } = parseUpSubject(message.subject) ?? {};
    try {
      if (host === undefined) throw new LinkError("BAD_MESSAGE", "its subject is none of a host");
      let bytes = message.data.length;
      const parcel = readParcel(message.data, host, (packed, most) => {
        const text = inflate(packed, most);
        bytes = text.length;
        return text;
      });
      if (this.#budgets.take(host, bytes)) return parcel;
      this.#beyond(host);
      message.ack();
      return undefined;
    } catch (error) {
      this.#ingest.counts.refused += 1;
      this.#context.tell(
        "warning",
        `a parcel at ${quote(message.subject, 80)} was refused: ${quote(wordsOf(error))}`,
      );
      message.term("unreadable");
      return undefined;
    }
  }

  /** Nothing of it is lost: it is not committed, so its host sends it again later. */
  #beyond(host: string): void {
    this.#ingest.counts.refused += 1;
    const now = this.#context.now();
    if (now - this.#toldBeyond < COMPLAIN_MS) return;
    this.#toldBeyond = now;
    const words = `${host} sends more than a host may have stored; it has to send it again later`;
    this.#context.tell("warning", words);
  }

  async #store(): Promise<void> {
    while (!this.#ended) {
      if (this.#waiting.length > 0) await this.#storeBatch(this.#nextBatch());
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  async #storeBatch(batch: readonly Waiting[]): Promise<void> {
    const parcels = batch.map(({ parcel }) => parcel);
    try {
      await this.#ingest.take(parcels, this.#end.signal);
      for (const { message } of batch) message.ack();
    } catch (error) {
      for (const { message } of batch) message.nak();
      if (this.#ended) return;
      this.#context.tell("error", `a batch was given back: ${quote(wordsOf(error))}`);
    }
  }

  /** Whatever has come meanwhile: one parcel when there is little to do, many when there is much. */
  #nextBatch(): readonly Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { message } of this.#waiting) {
      bytes += message.data.length;
      if (count > 0 && (bytes > MAX_BATCH_BYTES || count >= MAX_BATCH_PARCELS)) break;
      count++;
    }
    const batch = this.#waiting.splice(0, count);
    this.#room();
    return batch;
  }
}

function inflate(bytes: Uint8Array, maxOutputLength: number): Uint8Array {
  return inflateSync(bytes, { maxOutputLength });
}
