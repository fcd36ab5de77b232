// SPDX-License-Identifier: Apache-2.0
// Takes in what a runtime sends on one connection, without waiting for it: one JSON text, and descriptors. Some runtimes leave the
// connection open after it.
import { closeSync } from "node:fs";
import { receiveMessage, type Watch, watchReadable } from "../../native/fd-passing.ffi.ts";
import { ContainerError } from "./errors.ts";
import { MAX_STATE_BYTES, STATE_MS } from "./limits.ts";

const PIECE_BYTES = 65_536;

export interface Received {
  readonly text: string;
  /** The receiver owns them. */
  readonly fds: readonly number[];
}

export interface ReceiveOptions {
  /** All of it has come. */
  onReceived(received: Received): void;
  /** Nothing usable came; descriptors are closed already. */
  onFailed(error: Error): void;
}

/** Reads a connection until its text is whole, or at its end; `fd` stays open, for an answer. */
export function receiveAll(fd: number, options: ReceiveOptions): void {
  new Receiving(fd, options).begin();
}

class Receiving {
  readonly #fd: number;
  readonly #options: ReceiveOptions;
  readonly #pieces: Uint8Array[] = [];
  readonly #fds: number[] = [];
  #size = 0;
  #watch: Watch | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(fd: number, options: ReceiveOptions) {
    this.#fd = fd;
    this.#options = options;
  }

  begin(): void {
    this.#watch = watchReadable(this.#fd, () => this.#read());
    this.#timer = setTimeout(() => {
      this.#fail(new ContainerError("BAD_STATE", `nothing whole came within ${STATE_MS} ms`));
    }, STATE_MS);
  }

  #read(): void {
    let found: "more" | "nothing" | "all";
    try {
      do found = this.#take();
      while (found === "more");
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    if (found === "all") this.#done();
  }

  /** "more": there may be more of it now. */
  #take(): "more" | "nothing" | "all" {
    const message = receiveMessage(this.#fd, PIECE_BYTES, false);
    if (message === undefined) return "nothing";
    this.#fds.push(...message.fds);
    if (message.bytes.length === 0) return "all";
    this.#pieces.push(message.bytes);
    this.#size += message.bytes.length;
    if (this.#isWhole()) return "all";
    if (this.#size <= MAX_STATE_BYTES) return "more";
    throw new ContainerError(
      "BAD_STATE",
      `a container's state has more than ${MAX_STATE_BYTES} bytes`,
    );
  }

  #isWhole(): boolean {
    try {
      JSON.parse(this.#text);
      return true;
    } catch {
      return false;
    }
  }

  get #text(): string {
    return Buffer.concat(this.#pieces).toString("utf8");
  }

  #done(): void {
    this.#stop();
    this.#options.onReceived({ text: this.#text, fds: this.#fds });
  }

  #fail(error: Error): void {
    this.#stop();
    for (const fd of this.#fds) closeSync(fd);
    this.#options.onFailed(error);
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#watch?.close();
  }
}
