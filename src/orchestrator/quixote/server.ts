// SPDX-License-Identifier: Apache-2.0
// Serves a namespace to consoles of Quixote. One console at a time, as upstream does it; others wait for their turn. Whatever a
// console does wrong costs it its session and nothing else.
import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { MAX_TOLD, MAX_WAITING, STALL_MS } from "./limits.ts";
import type { ManagedNamespace } from "../live/managed-namespace.ts";
import { ConsoleError } from "./protocol.ts";
import { serveSession } from "./session.ts";
import { placeSocket } from "./socket-file.ts";
import type { PlacedSocket } from "./socket-file.ts";

export interface ManagementOptions {
  /** Directory of the socket; made when it is not there. */
  readonly directory: string;
  /** Name of the workload: the socket's name in it. */
  readonly name: string;
  readonly namespace: ManagedNamespace;
  /** Time that a console gets to read a piece of an answer (ms). */
  readonly stallMs?: number;
  /** Told of sessions that went wrong, one line each. */
  onNotice?(text: string): void;
}

export interface ManagementServer {
  /** The socket. */
  readonly path: string;
  /** Ends all sessions and removes the socket, at once. */
  close(): void;
}

/** @throws ConsoleError NO_SOCKET, NOT_PRIVATE, IN_USE */
export async function startManagementServer(options: ManagementOptions): Promise<ManagementServer> {
  const consoles = new Consoles(options);
  // a console may close its sending side and still wait for answers
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) =>
    consoles.take(socket),
  );
  let placed: PlacedSocket;
  try {
    placed = await placeSocket(server, options.directory, options.name);
  } catch (error) {
    server.close();
    throw error;
  }
  // a connection that can not be accepted (no descriptor left) is the console's loss
  server.on("error", (error) => consoles.blame(error));
  return { path: placed.path, close: () => closeAll(server, consoles, placed) };
}

function closeAll(server: Server, consoles: Consoles, placed: PlacedSocket): void {
  placed.remove();
  server.close();
  consoles.close();
}

class Consoles {
  readonly #options: ManagementOptions;
  readonly #waiting: Socket[] = [];
  #current: Socket | undefined;
  #closed = false;
  #told = 0;

  constructor(options: ManagementOptions) {
    this.#options = options;
  }

  take(socket: Socket): void {
    socket.on("error", () => undefined);
    if (this.#closed) {
      socket.destroy();
    } else if (this.#current === undefined) {
      void this.#serve(socket);
    } else if (this.#waiting.length < MAX_WAITING) {
      this.#waiting.push(socket);
    } else {
      socket.destroy();
      this.#tell(`a console was turned away: ${MAX_WAITING} others wait already`);
    }
  }

  close(): void {
    this.#closed = true;
    this.#current?.destroy();
    for (const socket of this.#waiting.splice(0)) socket.destroy();
  }

  async #serve(first: Socket): Promise<void> {
    for (let socket: Socket | undefined = first; socket !== undefined; ) {
      this.#current = socket;
      try {
        const { namespace, stallMs = STALL_MS } = this.#options;
        await serveSession({ socket, stallMs }, namespace);
      } catch (error) {
        this.blame(error);
      }
      socket = this.#closed ? undefined : this.#waiting.shift();
    }
    this.#current = undefined;
  }

  /** Consoles that are simply gone are none of anybody's business. */
  blame(error: unknown): void {
    if (this.#closed || isGone(error)) return;
    const message = error instanceof Error ? error.message : String(error);
    this.#tell(`a console's session was closed: ${message}`);
  }

  #tell(text: string): void {
    this.#told += 1;
    if (this.#told > MAX_TOLD) return;
    const last = this.#told === MAX_TOLD ? "; later ones are not told of" : "";
    this.#options.onNotice?.(`management socket: ${text}${last}`);
  }
}

const GONE = new Set(["EPIPE", "ECONNRESET", "ERR_STREAM_DESTROYED", "ERR_STREAM_PREMATURE_CLOSE"]);

function isGone(error: unknown): boolean {
  if (error instanceof ConsoleError) return error.code === "CLOSED";
  return GONE.has((error as NodeJS.ErrnoException).code ?? "");
}
