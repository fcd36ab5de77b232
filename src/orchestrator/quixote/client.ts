// SPDX-License-Identifier: Apache-2.0
// The console's end of a management socket: asks an orchestrator of Quixote, or another Galgo. Never seals, never loads. Every answer is
// read to its end and every session is ended in order, because an orchestrator of Quixote ends its workload otherwise.
import { lstatSync, readdirSync } from "node:fs";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { join } from "node:path";
import { bytesToHex } from "../../base/hex.ts";
import { decodePath } from "../../base/path-text.ts";
import { quote } from "../../base/quote.ts";
import { MAX_SOCKET_PATH } from "./limits.ts";
import { ConsoleError, END_FRAME, FrameReader, parseCount, requestFrame } from "./protocol.ts";
import type { CommandName } from "./protocol.ts";

/** Answers that are one value. */
export type ValueCommand = "measurement" | "state";
/** Answers that are a list of texts. */
export type ListCommand = Exclude<CommandName, ValueCommand | "map" | "seal">;

/** A list as it arrives. To be read once, before the next request; what is not read is skipped by `end`. */
export interface ListAnswer {
  readonly count: number;
  /** Texts without their NUL; bytes that are not UTF-8 are kept (path-text.ts). @throws ConsoleError CLOSED, BAD_ANSWER */
  texts(): AsyncGenerator<string>;
}

export interface ConsoleSession {
  /** hex. @throws ConsoleError */
  value(command: ValueCommand): Promise<string>;
  /** @throws ConsoleError */
  list(command: ListCommand): Promise<ListAnswer>;
  /** The aggregate (hex) and the coefficients of the model. @throws ConsoleError */
  map(): Promise<{ readonly aggregate: string; readonly coefficients: ListAnswer }>;
  /** Skips what is left of an answer, ends the session, closes. Never throws. */
  end(): Promise<void>;
}

/** Sockets in a directory, as a console lists them. @throws ConsoleError NO_SOCKET */
export function listSockets(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isSocket())
      .map(({ name }) => name)
      .sort();
  } catch (error) {
    throw noSocket(directory, error);
  }
}

/** Whether the path names a directory. @throws ConsoleError NO_SOCKET when nothing is there */
export function isSocketDirectory(path: string): boolean {
  try {
    return lstatSync(join(path, ".")).isDirectory();
  } catch (error) {
    if (codeOf(error) === "ENOTDIR") return false;
    throw noSocket(path, error);
  }
}

/** @throws ConsoleError NO_SOCKET */
export async function openConsole(path: string): Promise<ConsoleSession> {
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH) {
    const message = `the path of the management socket ${quote(path)} is longer than ${MAX_SOCKET_PATH} bytes; change the directory and use a shorter one`;
    throw new ConsoleError("NO_SOCKET", message);
  }
  const socket = await new Promise<Socket>((resolve, reject) => {
    const made = connect(path, () => resolve(made));
    made.once("error", (error) => reject(noSocket(path, error)));
  });
  return new Session(socket, path);
}

class Session implements ConsoleSession {
  readonly #socket: Socket;
  readonly #path: string;
  readonly #frames: AsyncGenerator<Buffer>;
  /** Frames of the answer that have not been read. */
  #left = 0;
  #broken = false;

  constructor(socket: Socket, path: string) {
    this.#socket = socket;
    this.#path = path;
    socket.on("error", () => undefined);
    this.#frames = framesOf(socket);
  }

  async value(command: ValueCommand): Promise<string> {
    return bytesToHex(await this.#ask(command));
  }

  async list(command: ListCommand): Promise<ListAnswer> {
    return this.#listOf(await this.#ask(command));
  }

  async map(): ReturnType<ConsoleSession["map"]> {
    const aggregate = bytesToHex(await this.#ask("map"));
    this.#left = 1;
    return { aggregate, coefficients: this.#listOf(await this.#next()) };
  }

  async end(): Promise<void> {
    try {
      while (this.#left > 0 && !this.#broken) await this.#next();
      const closed = new Promise((resolve) => this.#socket.once("close", resolve));
      this.#socket.end(END_FRAME);
      this.#socket.resume();
      if (!this.#socket.destroyed) await closed;
    } catch {
      // the other end is gone: there is nothing to be ended
    } finally {
      this.#socket.destroy();
    }
  }

  async #ask(command: CommandName): Promise<Buffer> {
    this.#left = 1;
    this.#socket.write(requestFrame(command));
    return this.#next();
  }

  #listOf(first: Buffer): ListAnswer {
    const count = this.#orBroken(() => parseCount(first));
    this.#left = count;
    return { count, texts: () => this.#texts() };
  }

  async *#texts(): AsyncGenerator<string> {
    while (this.#left > 0) {
      const payload = await this.#next();
      const end = payload.indexOf(0);
      yield decodePath(end < 0 ? payload : payload.subarray(0, end));
    }
  }

  async #next(): Promise<Buffer> {
    let step: IteratorResult<Buffer, unknown>;
    try {
      step = await this.#frames.next();
    } catch (error) {
      this.#broken = true;
      throw error instanceof ConsoleError ? error : this.#closed(error);
    }
    if (step.done === true) {
      this.#broken = true;
      throw this.#closed(undefined);
    }
    this.#left -= 1;
    return step.value;
  }

  #orBroken<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      this.#broken = true;
      throw error;
    }
  }

  #closed(cause: unknown): ConsoleError {
    const message = `the orchestrator behind ${quote(this.#path)} closed the session before it had answered: the workload has ended, or the request is not served there`;
    return new ConsoleError("CLOSED", message, { cause });
  }
}

async function* framesOf(socket: Socket): AsyncGenerator<Buffer> {
  const reader = new FrameReader();
  for await (const bytes of socket as AsyncIterable<Uint8Array>) yield* reader.push(bytes);
}

function noSocket(path: string, cause: unknown): ConsoleError {
  const code = codeOf(cause);
  const dead = code === "ECONNREFUSED" ? ": nobody listens there any more" : "";
  return new ConsoleError("NO_SOCKET", `no management socket at ${quote(path)} (${code})${dead}`, {
    cause,
  });
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
