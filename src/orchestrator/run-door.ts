// SPDX-License-Identifier: Apache-2.0
// A socket in the folder of a run, which is its owner's alone: one order in a line, one answer in a line, then it is over.
import { chmodSync, closeSync, constants, lstatSync, openSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { join } from "node:path";
import { CodedError } from "../base/errors.ts";
import { quote } from "../base/quote.ts";

/** Bytes of an order. */
const MAX_ORDER_BYTES = 4_096;
/** Connections to the socket of a run at a time. */
const MAX_CONNECTIONS = 32;
/** Time that a connection gets for its order (ms). */
const ORDER_MS = 10_000;
const OWNER_ONLY = 0o600;

/** What is answered instead. */
interface Refusal {
  readonly error: string;
}

/** What is different between doors. */
export interface DoorKind {
  /** Name of the socket in the folder. */
  readonly name: string;
  /** What it is for, as in "no socket for ... can be made". */
  readonly purpose: string;
  /** Said of a run that has no such socket, after its folder. */
  readonly absent: string;
  /** Time that a run gets for its answer (ms). */
  readonly answerMs: number;
  readonly maxAnswerBytes: number;
  error(code: "NO_SOCKET" | "NO_ANSWER" | "REFUSED", message: string, cause?: unknown): CodedError;
}

export interface RunDoor {
  readonly path: string;
  /** Takes the socket away; who waits for an answer gets none. */
  close(): void;
}

/**
 * Listens in the folder of a run.
 * @param answer the order to what is answered; what it throws is said to whoever has asked
 * @throws NO_SOCKET
 */
export async function serveDoor(
  kind: DoorKind,
  folder: string,
  answer: (order: string) => Promise<unknown>,
): Promise<RunDoor> {
  const { name } = kind;
  const path = join(folder, name);
  const sockets = new Set<Socket>();
  // whoever has sent his order may close his side and still wait
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    void answered(kind, socket, answer);
  });
  server.maxConnections = MAX_CONNECTIONS;
  const directory = openFolder(kind, folder);
  try {
    await removeLeft(path, throughFolder(directory, name));
    await listen(server, throughFolder(directory, name));
    chmodSync(path, OWNER_ONLY);
  } catch (cause) {
    server.close();
    closeSync(directory);
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    const problem = `no socket for ${kind.purpose} can be made at ${quote(path)} (${code})`;
    throw kind.error("NO_SOCKET", problem, cause);
  }
  server.on("error", () => undefined).unref();
  return {
    path,
    close: () => {
      server.close(() => closeSync(directory));
      for (const socket of sockets) socket.destroy();
      rmSync(path, { force: true });
    },
  };
}

async function answered(
  kind: DoorKind,
  socket: Socket,
  answer: (order: string) => Promise<unknown>,
): Promise<void> {
  let reply: unknown;
  try {
    reply = await answer(await lineOf(kind, socket, { maxBytes: MAX_ORDER_BYTES, ms: ORDER_MS }));
  } catch (error) {
    if (socket.destroyed) return;
    reply = { error: wordsOf(error) } satisfies Refusal;
  }
  // whoever does not take it, or goes on talking, holds no place and no memory
  socket.setTimeout(ORDER_MS, () => socket.destroy());
  socket.write(`${JSON.stringify(reply)}\n`);
  socket.destroySoon();
}

function wordsOf(error: unknown): string {
  if (error instanceof CodedError) return error.message;
  return `internal error: ${error instanceof Error ? error.message : String(error)}`;
}

/**
 * Asks the run that has this folder.
 * @returns the line of its answer @throws NO_ANSWER: nobody listens there; REFUSED: it refuses
 */
export async function askDoor(kind: DoorKind, folder: string, order: string): Promise<string> {
  const directory = openFolder(kind, folder);
  const socket = connect(throughFolder(directory, kind.name));
  try {
    await connected(kind, socket, folder);
    socket.end(`${order}\n`);
    const { answerMs: ms, maxAnswerBytes: maxBytes } = kind;
    const text = await lineOf(kind, socket, { maxBytes, ms });
    const refusal = refusalIn(text);
    if (refusal !== undefined) throw kind.error("REFUSED", refusal);
    return text;
  } finally {
    socket.destroy();
    closeSync(directory);
  }
}

/** A sentence of another process: it can not draw on a terminal. */
function refusalIn(text: string): string | undefined {
  try {
    const { error } = JSON.parse(text) as Partial<Refusal>;
    return typeof error === "string" ? error.replace(/\p{C}/gu, "?") : undefined;
  } catch {
    return undefined;
  }
}

/** Until the first newline; nothing more is read then. @throws NO_ANSWER */
function lineOf(
  kind: DoorKind,
  socket: Socket,
  { maxBytes, ms }: { readonly maxBytes: number; readonly ms: number },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let size = 0;
    const fail = (why: string): void => reject(kind.error("NO_ANSWER", `the other end ${why}`));
    // for all of it: a byte now and then is no way to keep a place
    const late = setTimeout(() => {
      fail(`has not said a line within ${ms / 1_000} s`);
      socket.destroy();
    }, ms);
    socket.once("close", () => clearTimeout(late));
    const take = (piece: Buffer): void => {
      const end = piece.indexOf(10);
      pieces.push(end < 0 ? piece : piece.subarray(0, end));
      size += piece.length;
      if (size > maxBytes) fail(`sent more than ${maxBytes} bytes`);
      else if (end < 0) return;
      clearTimeout(late);
      socket.off("data", take);
      socket.pause();
      resolve(Buffer.concat(pieces).toString("utf8"));
    };
    socket.on("data", take);
    socket.once("end", () => fail("has closed the connection: the run may have ended"));
    socket.once("close", () => fail("is gone: the run may have ended"));
  });
}

function connected(kind: DoorKind, socket: Socket, folder: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("connect", resolve);
    socket.on("error", (cause: NodeJS.ErrnoException) => {
      const nobody = cause.code === "ENOENT" || cause.code === "ECONNREFUSED";
      const why = nobody
        ? kind.absent
        : `can not be asked for ${kind.purpose} (${cause.code ?? cause.message})`;
      reject(kind.error("NO_ANSWER", `the run in ${quote(folder)} ${why}`, cause));
    });
  });
}

/** Whoever goes on with a run finds the socket of the Galgo that was killed: one at which nobody listens is taken away. */
async function removeLeft(path: string, through: string): Promise<void> {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return;
  const isLeft = await new Promise<boolean>((resolve) => {
    const socket = connect(through);
    socket.once("connect", () => {
      socket.destroy();
      resolve(false);
    });
    socket.once("error", ({ code }: NodeJS.ErrnoException) => resolve(code === "ECONNREFUSED"));
  });
  if (isLeft) rmSync(path, { force: true });
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** @throws NO_SOCKET */
function openFolder(kind: DoorKind, folder: string): number {
  try {
    return openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw kind.error("NO_SOCKET", `can not open the folder ${quote(folder)} (${code})`, cause);
  }
}

/** Folders of runs have longer paths than a socket may have (107 bytes); this one is short. */
function throughFolder(directory: number, name: string): string {
  return `/proc/self/fd/${directory}/${name}`;
}
