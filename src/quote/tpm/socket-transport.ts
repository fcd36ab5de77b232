// SPDX-License-Identifier: Apache-2.0
// A TPM behind a stream socket (the data socket of an emulator): commands and responses as they are, their length is in their head.
import { once } from "node:events";
import type { NetConnectOpts, Socket } from "node:net";
import { connect } from "node:net";
import { concat } from "../../attest/tpm/index.ts";
import { quote } from "../../base/quote.ts";
import { TpmError } from "./errors.ts";
import { ANSWER_TIMEOUT_MS, CONNECT_TIMEOUT_MS, MAX_MESSAGE_BYTES } from "./limits.ts";
import type { Transport } from "./transport-type.ts";
import { Turns } from "./transport-type.ts";

const HEAD_BYTES = 10;

/** Connects to a socket. `address` is for messages; `timeoutMs` is how long one answer may take. */
export async function socketTransport(
  options: NetConnectOpts,
  address: string,
  timeoutMs: number = ANSWER_TIMEOUT_MS,
): Promise<Transport> {
  const socket = connect(options);
  try {
    await once(socket, "connect", { signal: AbortSignal.timeout(CONNECT_TIMEOUT_MS) });
  } catch (cause) {
    socket.destroy();
    const why = cause instanceof Error ? quote(cause.message) : "no connection";
    throw new TpmError("NO_TPM", `no TPM at ${quote(address)}: ${why}; is the emulator running?`, {
      cause,
    });
  }
  socket.setNoDelay(true);
  return new SocketTransport(socket, address, timeoutMs);
}

interface Waiter {
  readonly resolve: (response: Uint8Array) => void;
  readonly reject: (error: TpmError) => void;
}

class SocketTransport implements Transport {
  readonly address: string;
  readonly #socket: Socket;
  readonly #timeoutMs: number;
  readonly #turns = new Turns();
  #received: Uint8Array = new Uint8Array(0);
  #waiter: Waiter | undefined;
  #end: TpmError | undefined;

  constructor(socket: Socket, address: string, timeoutMs: number) {
    this.#socket = socket;
    this.address = address;
    this.#timeoutMs = timeoutMs;
    socket.on("data", (bytes) => this.#take(bytes));
    socket.on("error", (cause) => this.#stop("GONE", `went away: ${quote(cause.message)}`, cause));
    socket.on("close", () => this.#stop("GONE", "closed the connection"));
  }

  async transact(command: Uint8Array): Promise<Uint8Array> {
    return await this.#turns.run(() => this.#exchange(command));
  }

  async close(): Promise<void> {
    if (this.#socket.closed) return;
    this.#stop("GONE", "was closed");
    await once(this.#socket, "close");
  }

  async #exchange(command: Uint8Array): Promise<Uint8Array> {
    if (this.#end !== undefined) throw this.#end;
    const timer = setTimeout(
      () => this.#stop("NO_ANSWER", `has not answered within ${this.#timeoutMs} ms`),
      this.#timeoutMs,
    );
    try {
      return await new Promise((resolve, reject) => {
        this.#waiter = { resolve, reject };
        this.#socket.write(command);
      });
    } finally {
      clearTimeout(timer);
      this.#waiter = undefined;
    }
  }

  /** A response may come in pieces; more than one, or one that nobody waits for, is no talk with a TPM. */
  #take(bytes: Uint8Array): void {
    this.#received = concat([this.#received, bytes]);
    if (this.#waiter === undefined) this.#stop("BAD_ANSWER", "sent what nobody asked for");
    else if (this.#received.length >= HEAD_BYTES) this.#measure(this.#waiter);
  }

  #measure({ resolve }: Waiter): void {
    const response = this.#received;
    const size = new DataView(response.buffer, response.byteOffset).getUint32(2);
    if (size < HEAD_BYTES || size > MAX_MESSAGE_BYTES)
      this.#stop("BAD_ANSWER", `sent a response that says to have ${size} bytes`);
    else if (response.length > size)
      this.#stop(
        "BAD_ANSWER",
        `sent ${response.length} bytes, and its response says to have ${size}`,
      );
    else if (response.length === size) {
      this.#received = new Uint8Array(0);
      this.#waiter = undefined;
      resolve(response);
    }
  }

  /** The first reason counts. After it nothing more is sent: an answer could be one to an older question. */
  #stop(code: "GONE" | "NO_ANSWER" | "BAD_ANSWER", problem: string, cause?: unknown): void {
    this.#end ??= new TpmError(code, `the TPM at ${quote(this.address)} ${problem}`, { cause });
    this.#socket.destroy();
    this.#waiter?.reject(this.#end);
  }
}
