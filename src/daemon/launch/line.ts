// SPDX-License-Identifier: Apache-2.0
// The line to one client: frames out without ever waiting for it, frames in as they come.
import { closeSync } from "node:fs";
import {
  type ReceivedMessage,
  receiveMessage,
  trySendMessage,
  type Watch,
  watchReadable,
} from "../../native/fd-passing.ffi.ts";
import { encodeFrame, FRAME, MAX_FRAME_BYTES, MAX_TEXT } from "./protocol.ts";

/** What a client that does not read lets wait here (bytes); further lines for its stderr are left out. */
const MAX_WAITING_BYTES: number = 1024 * 1024;
/** With this much waiting the line is ended (bytes): answers to signals, too, are for somebody who reads. */
const MAX_UNREAD_BYTES: number = 2 * MAX_WAITING_BYTES;
/** How often a full line is tried again (ms). */
const RETRY_MS = 10;

export interface LineEvents {
  onMessage(message: ReceivedMessage): void;
  /** The client is gone, or has sent what none sends. Called once, unless the line was closed here. */
  onEnd(): void;
  /** It is closed, by whomever. */
  onClosed(): void;
}

export class ClientLine {
  readonly #fd: number;
  readonly #events: LineEvents;
  readonly #watch: Watch;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  /** Pieces of text that were left out. */
  #leftOut = 0;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;
  #closing = false;

  /** @param fd owned from now on */
  constructor(fd: number, events: LineEvents) {
    this.#fd = fd;
    this.#events = events;
    this.#watch = watchReadable(fd, () => this.#readAll());
  }

  send(type: number, value: number, text = ""): void {
    this.#queue(encodeFrame(type, value, Buffer.from(text).subarray(0, MAX_TEXT)));
  }

  /** Lines for the client's stderr. */
  say(text: string): void {
    if (this.#waitingBytes > MAX_WAITING_BYTES) {
      this.#leftOut++;
      return;
    }
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += MAX_TEXT)
      this.#queue(encodeFrame(FRAME.SAY, 0, bytes.subarray(at, at + MAX_TEXT)));
  }

  /** Says how many lines it did not take, if any. */
  sayLeftOut(): void {
    if (this.#leftOut === 0) return;
    const text = `galgo: ${this.#leftOut} lines were left out here, because nobody read them; the run's records have it all\n`;
    this.#queue(encodeFrame(FRAME.SAY, 0, Buffer.from(text)));
  }

  /** Closes it when everything has been sent. */
  finish(): void {
    this.#closing = true;
    this.#flush();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#watch.close();
    closeSync(this.#fd);
    this.#events.onClosed();
  }

  #queue(frame: Uint8Array): void {
    if (this.#closed) return;
    this.#waiting.push(frame);
    this.#waitingBytes += frame.length;
    if (this.#waitingBytes > MAX_UNREAD_BYTES) this.#end();
    else this.#flush();
  }

  #flush(): void {
    clearTimeout(this.#retry);
    while (!this.#closed) {
      const [frame] = this.#waiting;
      if (frame === undefined) {
        if (this.#closing) this.close();
        return;
      }
      const done = trySendMessage(this.#fd, frame);
      if (done === "full") {
        this.#retry = setTimeout(() => this.#flush(), RETRY_MS);
        return;
      }
      this.#waiting.shift();
      this.#waitingBytes -= frame.length;
      if (done === "closed") this.#end();
    }
  }

  #readAll(): void {
    try {
      while (!this.#closed) {
        const message = receiveMessage(this.#fd, MAX_FRAME_BYTES, false);
        if (message === undefined) return;
        if (message.bytes.length === 0) this.#end();
        else this.#events.onMessage(message);
      }
    } catch {
      this.#end();
    }
  }

  #end(): void {
    if (this.#closed) return;
    this.close();
    this.#events.onEnd();
  }
}
