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
  /** A connection to the door, each time that there is none. @throws Error */
  readonly connect: () => LinkTransport;
  readonly hello: DoorHello;
  /** How long the fleet may take (ms); 0: it answers later. */
  readonly withinMs: number;
  /** Milliseconds that never go back. */
  readonly now: () => number;
}

export type DoorAsk = Pick<DoorQuestion, "coefficient" | "words" | "record" | "pid">;

export class DoorClient {
  readonly #options: DoorClientOptions;
  readonly #withinMs: number;
  readonly #now: () => number;
  #transport: LinkTransport | undefined;
  #q = 0;
  #came: Buffer = Buffer.alloc(0);
  #lateUntil = Number.NEGATIVE_INFINITY;
  #why = "";
  #closed = false;

  /** @throws Error of the first connection */
  constructor(options: DoorClientOptions) {
    this.#options = options;
    this.#withinMs = options.withinMs;
    this.#now = options.now;
    this.#transport = this.#opened();
  }

  /** Never throws. */
  ask(about: DoorAsk): DoorAnswer {
    const q = ++this.#q;
    const rests = this.#now() < this.#lateUntil;
    const withinMs = rests ? 0 : this.#withinMs;
    const began = this.#now();
    const answer = this.#guard(() => {
      // nobody is connected to again and again
      const transport = this.#transport ?? (rests ? undefined : this.#opened());
      this.#transport = transport;
      if (transport === undefined) return undefined;
      transport.write(Buffer.from(doorLine({ q, ...about, withinMs })));
      return this.#answerTo(transport, q, began + withinMs + DOOR_MS);
    });
    const waited = this.#now() - began >= withinMs;
    if (!rests && waited && (answer ?? NONE).verdict === "none")
      this.#lateUntil = this.#now() + REST_MS;
    if (answer !== undefined) return answer;
    return { ...NONE, q, why: this.#why === "" ? "the daemon gave no answer in time" : this.#why };
  }

  close(): void {
    this.#closed = true;
    this.#transport?.close();
    this.#transport = undefined;
  }

  #opened(): LinkTransport {
    if (this.#closed) throw new Error("it was closed");
    const { connect, hello } = this.#options;
    const transport = connect();
    this.#came = Buffer.alloc(0);
    try {
      transport.write(Buffer.from(doorLine(hello)));
    } catch (error) {
      transport.close();
      throw error;
    }
    this.#why = "";
    return transport;
  }

  /** Answers to earlier questions are late, and passed over. */
  #answerTo(transport: LinkTransport, q: number, end: number): DoorAnswer | undefined {
    for (;;) {
      for (let line = this.#line(); line !== undefined; line = this.#line()) {
        const answer = readDoorAnswer(line);
        if (answer?.q === q) return answer;
      }
      const left = end - this.#now();
      if (left <= 0) return undefined;
      const bytes = transport.read(left);
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

  /** What fails ends the connection; a later question begins another one. */
  #guard<T>(act: () => T): T | undefined {
    try {
      return act();
    } catch (error) {
      this.#why = error instanceof Error ? error.message : String(error);
      this.#transport?.close();
      this.#transport = undefined;
      this.#lateUntil = this.#now() + REST_MS;
      return undefined;
    }
  }
}
