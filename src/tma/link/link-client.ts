// SPDX-License-Identifier: Apache-2.0
// The host's side of the link: synchronous, because a held task waits for the answer. Requests are numbered; what is not answered in time
// is asked again (the agent does nothing twice), and what is not answered by its deadline is an error. Nothing that is not authentic
// is ever taken for an answer: it is counted, and the wait goes on.
import { AgentError } from "../agent-errors.ts";
import {
  ANSWER,
  FAULT,
  FAULTS,
  KIND,
  readGreeting,
  type Greeting,
  type Kind,
} from "../protocol.ts";
import { encodeFrame, FrameReader } from "./frame.ts";
import { openMessage, sealMessage, sessionKey, type Message } from "./session.ts";

/** Where frames go and come from. */
export interface LinkTransport {
  /** Sends all of it. @throws AgentError GONE */
  write(bytes: Uint8Array): void;
  /** Bytes that have come, waiting for the first of them up to `waitMs`; undefined when there are none by then. @throws AgentError GONE */
  read(waitMs: number): Uint8Array | undefined;
  close(): void;
}

/** How long what may take; milliseconds. */
export interface LinkTimes {
  /** From the first hello to an answer: machines boot. */
  readonly helloMs: number;
  /** Between two hellos: what a receiver is sent before it listens is lost. */
  readonly helloEveryMs: number;
  /** Until a request is sent again. */
  readonly againMs: number;
  /** Until a request has failed. */
  readonly deadlineMs: number;
  /** The same for measurement and state, which take two digests a point. */
  readonly longDeadlineMs: number;
}

export interface LinkOptions {
  readonly transport: LinkTransport;
  /** Provisioned, 32 bytes. */
  readonly key: Uint8Array;
  /** Never used before, 16 bytes. */
  readonly nonce: Uint8Array;
  /** The agent has no key yet and is given this one. */
  readonly provision: boolean;
  readonly times: LinkTimes;
  /** Milliseconds that only go forward. */
  readonly now: () => number;
  /** Names the agent in errors. */
  readonly name: string;
}

/** What came and was no answer. */
export interface LinkFaults {
  /** Frames that were damaged on the way. */
  readonly damaged: number;
  /** Whole messages that were not authentic, or not of this session. */
  readonly forged: number;
  /** Requests that were sent again. */
  readonly again: number;
}

/** Longest frame of an answer: the greeting's, with what COBS and CRC add. */
const ANSWER_FRAME_BYTES = 256;
const NO_BYTES = new Uint8Array(0);

interface Request {
  readonly kind: Kind;
  readonly payload: Uint8Array;
}

/** A wait for something that messages bring. */
interface Wait<T> {
  readonly withinMs: number;
  /** Between two times that something is sent. */
  readonly everyMs: number;
  readonly firstAfterMs: number;
  readonly send: () => void;
  /** Of the messages that are waited for. */
  readonly key: Uint8Array;
  readonly look: () => T | undefined;
  readonly take: (message: Message) => void;
}

export class LinkClient {
  readonly #options: LinkOptions;
  readonly #frames = new FrameReader(ANSWER_FRAME_BYTES);
  readonly #greeting: Greeting;
  readonly #key: Uint8Array;
  /** Answers that came before they were waited for, by their number. */
  readonly #inbox = new Map<number, Message>();
  #next = 1;
  #forged = 0;
  #again = 0;

  /** Begins a session; the agent's model is empty then. @throws AgentError GONE, LATE */
  constructor(options: LinkOptions) {
    this.#options = options;
    this.#greeting = this.#hello();
    const { hostNonce, agentNonce } = this.#greeting;
    this.#key = sessionKey(options.key, hostNonce, agentNonce);
  }

  get greeting(): Greeting {
    return this.#greeting;
  }

  get faults(): LinkFaults {
    return { damaged: this.#frames.damaged, forged: this.#forged, again: this.#again };
  }

  /** The payload of the answer. @throws AgentError GONE, LATE, REFUSED */
  ask(kind: Kind, payload: Uint8Array = NO_BYTES): Uint8Array {
    return this.askAll([{ kind, payload }])[0] ?? NO_BYTES;
  }

  /** As `ask` for each in order, as many unanswered at a time as the agent allows. */
  askAll(requests: readonly Request[]): Uint8Array[] {
    const first = this.#next;
    this.#next += requests.length;
    const frames = requests.map((request, at) => {
      return encodeFrame(sealMessage({ ...request, sequence: first + at }, this.#key));
    });
    const answers: Uint8Array[] = [];
    let sent = 0;
    const send = (): void => {
      for (; sent < frames.length && sent - answers.length < this.#greeting.window; sent++) {
        this.#options.transport.write(frames[sent] ?? NO_BYTES);
      }
    };
    const sendAgain = (): void => {
      this.#again += sent - answers.length;
      sent = answers.length;
      send();
    };
    for (const [at, request] of requests.entries()) {
      send();
      answers.push(this.#answerTo(request.kind, first + at, sendAgain));
    }
    return answers;
  }

  close(): void {
    this.#options.transport.close();
  }

  /** Payload of the authentic answer with this number. @throws AgentError GONE, LATE, REFUSED */
  #answerTo(kind: Kind, sequence: number, sendAgain: () => void): Uint8Array {
    const { times } = this.#options;
    const long = kind === KIND.measurement || kind === KIND.state;
    const answer = this.#waitFor({
      withinMs: long ? times.longDeadlineMs : times.deadlineMs,
      everyMs: times.againMs,
      firstAfterMs: times.againMs,
      send: sendAgain,
      key: this.#key,
      look: () => this.#inbox.get(sequence),
      take: (message) => {
        // less: an answer that comes twice, because it was asked for twice; more: nobody has asked yet
        const asked = message.sequence >= sequence && message.sequence < this.#next;
        if (asked) this.#inbox.set(message.sequence, message);
      },
    });
    this.#inbox.delete(sequence);
    return this.#payloadOf(answer, kind);
  }

  /** Takes messages until there is what is looked for; sends (again) meanwhile. @throws AgentError GONE, LATE */
  #waitFor<T>(wait: Wait<T>): T {
    const { now } = this.#options;
    const end = now() + wait.withinMs;
    let next = now() + wait.firstAfterMs;
    for (;;) {
      const found = wait.look();
      if (found !== undefined) return found;
      const at = now();
      if (at >= end) throw this.#late();
      if (at >= next) {
        wait.send();
        next = at + wait.everyMs;
      }
      this.#received(Math.min(next, end) - at, wait.key).forEach(wait.take);
    }
  }

  #payloadOf(answer: Message, kind: Kind): Uint8Array {
    if (answer.kind === (kind | ANSWER)) return answer.payload;
    const why =
      answer.kind === FAULT
        ? (FAULTS[answer.payload[0] ?? 0] ?? `fault ${answer.payload[0]}`)
        : `it answered message kind ${kind} with kind ${answer.kind}`;
    throw new AgentError("REFUSED", `${this.#options.name}: ${why}`);
  }

  /** Authentic messages that come within `waitMs`. */
  #received(waitMs: number, key: Uint8Array): Message[] {
    const bytes = this.#options.transport.read(Math.max(0, waitMs));
    if (bytes === undefined) return [];
    return this.#frames.take(bytes).flatMap((whole) => {
      const message = openMessage(whole, key);
      if (message !== undefined && (message.kind & ANSWER) !== 0) return [message];
      // greetings that were asked for twice are of the provisioned key; our own words come from a mirror
      const greeting = message === undefined && openMessage(whole, this.#options.key) !== undefined;
      if (!greeting) this.#forged++;
      return [];
    });
  }

  /** Says hello until somebody who has the key answers. */
  #hello(): Greeting {
    const { transport, key, nonce, times, provision } = this.#options;
    const hello = encodeFrame(sealMessage({ kind: KIND.hello, sequence: 0, payload: nonce }, key));
    const gift = sealMessage({ kind: KIND.provision, sequence: 0, payload: key }, undefined);
    // a zero first: it ends what noise may have begun
    const opening = Buffer.concat([
      Buffer.alloc(1),
      provision ? encodeFrame(gift) : NO_BYTES,
      hello,
    ]);
    let greeting: Greeting | undefined;
    return this.#waitFor({
      withinMs: times.helloMs,
      everyMs: times.helloEveryMs,
      firstAfterMs: 0,
      send: () => transport.write(opening),
      key,
      look: () => greeting,
      take: ({ kind, payload }) => {
        const read = kind === (KIND.hello | ANSWER) ? readGreeting(payload) : undefined;
        // an answer to another hello is authentic too, and not of now
        if (read !== undefined && Buffer.compare(read.hostNonce, nonce) === 0) greeting = read;
      },
    });
  }

  #late(): AgentError {
    const { damaged, forged } = this.faults;
    const seen =
      damaged + forged === 0
        ? ""
        : ` (${damaged} damaged frames and ${forged} messages that are not authentic came)`;
    return new AgentError("LATE", `${this.#options.name} gave no answer in time${seen}`);
  }
}
