// SPDX-License-Identifier: Apache-2.0
// The host's side of the agent in a guest (image/guestd.c, which describes the frames): one connection runs one command.
import { connect, type Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import { VmError } from "./errors.ts";
import { encodeFrame, type Frame, FrameReader, PAYLOAD_MAX } from "./frames.ts";
import type { Address } from "./qemu.ts";

export interface Request {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Working directory; /root when not given. */
  readonly cwd?: string;
  /** Becomes the command's standard input; without it, that is empty. */
  readonly stdin?: Readable | Uint8Array | string;
  readonly onStdout?: (data: Buffer) => void;
  readonly onStderr?: (data: Buffer) => void;
}

/** How a command ended: by itself (signal 0), or by a signal. */
export interface Ending {
  readonly status: number;
  readonly signal: number;
}

/** A command in the guest. */
export class Command {
  /** Rejects with vm-gone when the connection ends first. */
  readonly ended: Promise<Ending>;
  readonly #socket: Socket;

  constructor({ port, token }: Address, request: Request) {
    this.#socket = connect({ host: "127.0.0.1", port, noDelay: true });
    this.ended = this.#receive(request);
    // whoever does not wait for the end need not handle its failure
    this.ended.catch(() => {});
    this.#send("T", token);
    for (const word of request.argv) this.#send("A", word);
    for (const [name, value] of Object.entries(request.env ?? {}))
      this.#send("E", `${name}=${value}`);
    if (request.cwd !== undefined) this.#send("D", request.cwd);
    this.#send("G", "");
    this.#feed(request.stdin);
  }

  /** Sends a signal to the command's process group. */
  signal(number: number): void {
    this.#send("K", Uint8Array.of(number));
  }

  /** Kills the command's process group and forgets it. */
  drop(): void {
    this.#socket.destroy();
  }

  #send(type: string, payload: string | Uint8Array): boolean {
    const frame = encodeFrame(type, payload);
    return this.#socket.destroyed || this.#socket.write(frame);
  }

  #feed(stdin: Request["stdin"]): void {
    if (stdin === undefined || typeof stdin === "string" || stdin instanceof Uint8Array) {
      this.#sendInput(Buffer.from(stdin ?? ""));
      this.#send("C", "");
      return;
    }
    stdin.on("data", (data: Buffer | string) => {
      if (this.#sendInput(Buffer.from(data))) return;
      stdin.pause();
      this.#socket.once("drain", () => stdin.resume());
    });
    stdin.once("end", () => this.#send("C", ""));
    stdin.once("error", () => this.drop());
  }

  #sendInput(data: Buffer): boolean {
    let room = true;
    for (let at = 0; at < data.length; at += PAYLOAD_MAX) {
      room = this.#send("I", data.subarray(at, at + PAYLOAD_MAX));
    }
    return room;
  }

  #receive(request: Request): Promise<Ending> {
    return new Promise((resolve, reject) => {
      const take = ({ type, payload }: Frame): void => {
        if (type === "O") request.onStdout?.(payload);
        if (type === "E") request.onStderr?.(payload);
        if (type !== "X") return;
        resolve({ status: payload[0] ?? 0, signal: payload[1] ?? 0 });
        this.#socket.destroy();
      };
      const reader = new FrameReader();
      this.#socket.on("data", (data: Buffer) => {
        for (const frame of reader.take(data)) take(frame);
      });
      const gone = (why: string): void =>
        reject(new VmError("vm-gone", `the guest ended while ${request.argv[0]} ran: ${why}`));
      this.#socket.once("error", (error) => gone(error.message));
      this.#socket.once("close", () => gone("the connection closed"));
    });
  }
}

/** Writes the output of a command to where it belongs. */
export function passOn(stream: Writable): (data: Buffer) => void {
  return (data) => void stream.write(Buffer.from(data));
}
