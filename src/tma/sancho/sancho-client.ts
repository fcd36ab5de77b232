// SPDX-License-Identifier: Apache-2.0
// The protocol of Quixote's Sancho devices as a client: a command, its reply, the next command. Nothing in it is authentic, and no reply says
// which command it is to: after the first thing that is odd nothing that comes is believed any more.
import { quote } from "../../base/quote.ts";
import { AgentError } from "../agent-errors.ts";
import type { LinkTransport } from "../link/link-client.ts";
import { commandFrame, countIn, firstFrame, MAX_FRAME_BYTES } from "./replies.ts";

/** What is written at once: a port takes about this much without waiting. */
const WRITE_BYTES = 1_024;
const SHOWN_CHARS = 40;

/** How long what may take; milliseconds. */
export interface SanchoTimes {
  /** After the port was opened, and after a reset. */
  readonly settleMs: number;
  /** From a command to the end of its reply. */
  readonly deadlineMs: number;
  /** The same for measurement, state and lists. */
  readonly longDeadlineMs: number;
}

export interface SanchoOptions {
  readonly transport: LinkTransport;
  /** Names the device in messages. */
  readonly name: string;
  readonly times: SanchoTimes;
  /** Milliseconds that never go back. */
  readonly now: () => number;
}

/** Owns the transport. Its methods throw AgentError GONE, LATE or REFUSED, and after the first the same one always. */
export class SanchoClient {
  readonly name: string;
  readonly #transport: LinkTransport;
  readonly #times: SanchoTimes;
  readonly #now: () => number;
  #came: Buffer = Buffer.alloc(0);
  #broken: AgentError | undefined;

  constructor({ transport, name, times, now }: SanchoOptions) {
    this.name = name;
    this.#transport = transport;
    this.#times = times;
    this.#now = now;
  }

  /** Waits until the device is ready, and drops what it says meanwhile. */
  settle(): void {
    this.#guard(() => {
      const end = this.#now() + this.#times.settleMs;
      for (let left = this.#times.settleMs; left > 0; left = end - this.#now()) {
        this.#transport.read(left);
      }
      this.#came = Buffer.alloc(0);
    });
  }

  /** A command that has no reply. */
  tell(command: string): void {
    this.#guard(() => this.#send(command));
  }

  /** A command, and its reply as `read` understands it: undefined is no reply to it. */
  ask<T>(command: string, read: (payload: Buffer) => T | undefined, long = false): T {
    return this.#guard(() => {
      this.#send(command);
      const found = this.#reply(command, read, this.#end(long));
      this.#nothingMore();
      return found;
    });
  }

  /** A command whose reply is a count and as many frames. */
  list<T>(command: string, read: (payload: Buffer) => T | undefined): readonly T[] {
    return this.#guard(() => {
      this.#send(command);
      const end = this.#end(true);
      const count = this.#reply(command, countIn, end);
      const found: T[] = [];
      while (found.length < count) found.push(this.#reply(command, read, end));
      this.#nothingMore();
      return found;
    });
  }

  close(): void {
    this.#broken ??= new AgentError("GONE", `${this.name} is gone (it was closed)`);
    this.#transport.close();
  }

  #send(command: string): void {
    const frame = commandFrame(command);
    if (frame.length - 4 > MAX_FRAME_BYTES) {
      const size = `${verb(command)} would have ${frame.length - 4} bytes`;
      throw this.#odd(`${size}, and takes at most ${MAX_FRAME_BYTES}`);
    }
    this.#nothingMore();
    for (let at = 0; at < frame.length; at += WRITE_BYTES) {
      this.#transport.write(frame.subarray(at, at + WRITE_BYTES));
    }
  }

  #reply<T>(command: string, read: (payload: Buffer) => T | undefined, end: number): T {
    const payload = this.#frame(command, end);
    const found = read(payload);
    if (found !== undefined) return found;
    const said = quote(payload.toString("latin1", 0, SHOWN_CHARS), SHOWN_CHARS);
    throw this.#odd(`has answered ${said} (${payload.length} bytes) to ${verb(command)}`);
  }

  #frame(command: string, end: number): Buffer {
    for (;;) {
      const framed = firstFrame(this.#came);
      if (framed !== "more" && "payload" in framed) {
        this.#came = framed.rest;
        return framed.payload;
      }
      if (framed !== "more") {
        const length = `a frame of ${framed.badLength} bytes`;
        throw this.#odd(`has answered with ${length} to ${verb(command)}`);
      }
      const left = end - this.#now();
      const bytes = left > 0 ? this.#transport.read(left) : undefined;
      if (bytes !== undefined) this.#came = Buffer.concat([this.#came, bytes]);
      else if (end - this.#now() <= 0) {
        throw new AgentError("LATE", `${this.name} gave no answer to ${verb(command)} in time`);
      }
    }
  }

  /** What comes unasked could be taken for the reply to the next command. */
  #nothingMore(): void {
    if (this.#came.length > 0 || this.#transport.read(0) !== undefined) {
      throw this.#odd("said what it was not asked for");
    }
  }

  #end(long: boolean): number {
    return this.#now() + (long ? this.#times.longDeadlineMs : this.#times.deadlineMs);
  }

  #odd(what: string): AgentError {
    return new AgentError("REFUSED", `${this.name} ${what}`);
  }

  #guard<T>(act: () => T): T {
    if (this.#broken !== undefined) throw this.#broken;
    try {
      return act();
    } catch (error) {
      if (error instanceof AgentError) this.#broken = error;
      throw error;
    }
  }
}

function verb(command: string): string {
  return /^(?:show |load )?[a-z_]+/.exec(command)?.[0] ?? "a command";
}
