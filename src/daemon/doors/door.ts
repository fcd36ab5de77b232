// SPDX-License-Identifier: Apache-2.0
// A door: a unix socket at which the main thread accepts connections that carry descriptors. Each connection comes with who is at its
// other end; what it costs when it goes wrong is the connection.
import { rmSync } from "node:fs";
import { type Watch, watchReadable } from "../../native/fd-passing.ffi.ts";
import {
  acceptUnix,
  closeSocket,
  listenUnix,
  type Peer,
  peerOf,
} from "../../native/unix-socket.ffi.ts";
import { DOOR_BACKLOG, DOOR_PAUSE_MS } from "../limits.ts";
import { nameSocket, unusable, workplaceOf } from "./place.ts";

export interface DoorOptions {
  readonly type: "stream" | "seqpacket";
  /** Group that may connect besides the owner; undefined: the daemon's own. */
  readonly gid: number | undefined;
  /** A connection; whoever takes it closes `fd`. When it throws, the connection is closed here. */
  onConnection(fd: number, peer: Peer): void;
  /** One line for people: a connection that could not be taken. */
  onNotice(text: string): void;
}

export interface Door {
  /** No more connections; those that were taken go on. */
  close(): void;
}

/** Opens a door at `path`; the directory must be held. @throws DaemonError NO_SOCKET, NO_DIRECTORY, NOT_ALLOWED */
export function openDoor(path: string, options: DoorOptions): Door {
  const listener = listenAt(path, options.type, options.gid);
  try {
    return new OpenDoor(path, listener, options);
  } catch (error) {
    closeSocket(listener);
    rmSync(path, { force: true });
    throw unusable(path, error);
  }
}

/**
 * A socket that listens, and has its name; the caller closes it.
 * @throws DaemonError NO_SOCKET, NO_DIRECTORY, NOT_ALLOWED
 */
export function listenAt(path: string, type: DoorOptions["type"], gid: number | undefined): number {
  const made = workplaceOf(path);
  let listener: number;
  try {
    listener = listenUnix(made, type, DOOR_BACKLOG);
  } catch (error) {
    throw unusable(path, error);
  }
  try {
    nameSocket(made, path, gid);
  } catch (error) {
    closeSocket(listener);
    throw error;
  }
  return listener;
}

class OpenDoor implements Door {
  readonly #path: string;
  readonly #listener: number;
  readonly #options: DoorOptions;
  #watch: Watch | undefined;
  #pause: NodeJS.Timeout | undefined;
  #closed = false;
  /** What kept it from taking connections, when it could not; told once. */
  #trouble: string | undefined;

  constructor(path: string, listener: number, options: DoorOptions) {
    this.#path = path;
    this.#listener = listener;
    this.#options = options;
    this.#open();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#pause);
    this.#watch?.close();
    closeSocket(this.#listener);
    rmSync(this.#path, { force: true });
  }

  #open(): void {
    this.#watch = watchReadable(this.#listener, () => this.#acceptAll());
  }

  #acceptAll(): void {
    try {
      while (!this.#closed) {
        const fd = acceptUnix(this.#listener);
        this.#trouble = undefined;
        if (fd === undefined) return;
        this.#take(fd);
      }
    } catch (error) {
      this.#rest(error);
    }
  }

  #take(fd: number): void {
    try {
      this.#options.onConnection(fd, peerOf(fd));
    } catch (error) {
      closeSocket(fd);
      this.#options.onNotice(`a connection was closed: ${messageOf(error)}`);
    }
  }

  /** No descriptor is left: who waits keeps waiting, and this thread has other duties. */
  #rest(error: unknown): void {
    const trouble = messageOf(error);
    if (trouble !== this.#trouble)
      this.#options.onNotice(`no connection can be taken now: ${trouble}`);
    this.#trouble = trouble;
    this.#watch?.close();
    this.#watch = undefined;
    this.#pause = setTimeout(() => this.#openAgain(), DOOR_PAUSE_MS);
  }

  #openAgain(): void {
    try {
      this.#open();
    } catch (error) {
      this.#rest(error);
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
