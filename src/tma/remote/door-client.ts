// SPDX-License-Identifier: Apache-2.0
// Asks the daemon's door what the fleet says, synchronously: a held task waits, and never longer than it was said. Whatever goes wrong is
// no answer, and then the local model decides.
import type { LinkTransport } from "../link/link-client.ts";
import {
  type DoorAnswer,
  doorLine,
  type DoorHello,
  type DoorQuestion,
  MAX_DOOR_LINE,
  readDoorAnswer,
} from "./door-words.ts";

/** What the daemon takes besides the time that the fleet has (ms). */
const DOOR_MS = 250;
/** After an answer that did not come nobody waits again so soon (ms): who is held is not held for nothing each time. */
export const REST_MS = 2_000;

const NONE = { q: 0, verdict: "none" } as const;

export interface DoorClientOptions {
  readonly transport: LinkTransport;
  readonly hello: DoorHello;
  /** How long the fleet may take (ms); 0: it answers later. */
  readonly withinMs: number;
  /** Milliseconds that never go back. */
  readonly now: () => number;
}

export type DoorAsk = Pick<DoorQuestion, "coefficient" | "words" | "record" | "pid">;

/** Owns the transport. */
export class DoorClient {
  readonly #transport: LinkTransport;
  readonly #withinMs: number;
  readonly #now: () => number;
  #q = 0;
  #came: Buffer = Buffer.alloc(0);
  #lateUntil = Number.NEGATIVE_INFINITY;
  #gone: string | undefined;

  constructor({ transport, hello, withinMs, now }: DoorClientOptions) {
    this.#transport = transport;
    this.#withinMs = withinMs;
    this.#now = now;
    this.#guard(() => transport.write(Buffer.from(doorLine(hello))));
  }

  /** Never throws. */
  ask(about: DoorAsk): DoorAnswer {
    const q = ++this.#q;
    const rests = this.#now() < this.#lateUntil;
    const withinMs = rests ? 0 : this.#withinMs;
    const began = this.#now();
    const answer = this.#guard(() => {
      this.#transport.write(Buffer.from(doorLine({ q, ...about, withinMs })));
      return this.#answerTo(q, began + withinMs + DOOR_MS);
    });
    const waited = this.#now() - began >= withinMs;
    if (!rests && waited && (answer ?? NONE).verdict === "none")
      this.#lateUntil = this.#now() + REST_MS;
    if (answer !== undefined) return answer;
    return { ...NONE, q, why: this.#gone ?? "the daemon gave no answer in time" };
  }

  close(): void {
    this.#gone ??= "it was closed";
    this.#transport.close();
  }

  /** Answers to earlier questions are late, and passed over. */
  #answerTo(q: number, end: number): DoorAnswer | undefined {
    for (;;) {
      for (let line = this.#line(); line !== undefined; line = this.#line()) {
        const answer = readDoorAnswer(line);
        if (answer?.q === q) return answer;
      }
      const left = end - this.#now();
      if (left <= 0) return undefined;
      const bytes = this.#transport.read(left);
      if (bytes !== undefined) this.#came = Buffer.concat([this.#came, bytes]);
      if (this.#came.length > MAX_DOOR_LINE) throw new Error("the daemon's answer has no end");
    }
  }

  #line(): string | undefined {
    const at = this.#came.indexOf(0x0a);
    if (at < 0) return undefined;
    const line = this.#came.toString("utf8", 0, at);
    this.#came = this.#came.subarray(at + 1);
    return line;
  }

  #guard<T>(act: () => T): T | undefined {
    if (this.#gone !== undefined) return undefined;
    try {
      return act();
    } catch (error) {
      this.#gone = error instanceof Error ? error.message : String(error);
      return undefined;
    }
  }
}
