// SPDX-License-Identifier: Apache-2.0
// Where a run that is alone is asked for evidence: a socket in its folder, which is its owner's alone. One order in a line, one answer in a
// line, then it is over.
import { chmodSync, closeSync, constants, lstatSync, openSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { join } from "node:path";
import { CodedError } from "../../base/errors.ts";
import { quote } from "../../base/quote.ts";
import { AttestError } from "./errors.ts";
import {
  ANSWER_MS,
  MAX_ANSWER_BYTES,
  MAX_CONNECTIONS,
  MAX_ORDER_BYTES,
  ORDER_MS,
} from "./limits.ts";
import {
  type AttestAnswer,
  type AttestOrder,
  parseAttestAnswer,
  parseAttestOrder,
} from "./order.ts";

const NAME = "attest.sock";
const OWNER_ONLY = 0o600;

/** What is answered instead of evidence. */
interface Refusal {
  readonly error: string;
}

export interface AttestSocket {
  readonly path: string;
  /** Takes the socket away; who waits for an answer gets none. */
  close(): void;
}

/**
 * Listens in the folder of a run.
 * @throws AttestError NO_SOCKET
 */
export async function serveAttest(
  folder: string,
  attest: (order: AttestOrder) => Promise<AttestAnswer>,
): Promise<AttestSocket> {
  const path = join(folder, NAME);
  const sockets = new Set<Socket>();
  // whoever has sent his order may close his side and still wait
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    void answer(socket, attest);
  });
  server.maxConnections = MAX_CONNECTIONS;
  const directory = openFolder(folder);
  try {
    await removeLeft(path, throughFolder(directory));
    await listen(server, throughFolder(directory));
    chmodSync(path, OWNER_ONLY);
  } catch (cause) {
    server.close();
    closeSync(directory);
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    const problem = `no socket for evidence can be made at ${quote(path)} (${code})`;
    throw new AttestError("NO_SOCKET", problem, { cause });
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

async function answer(
  socket: Socket,
  attest: (order: AttestOrder) => Promise<AttestAnswer>,
): Promise<void> {
  let reply: AttestAnswer | Refusal;
  try {
    reply = await attest(parseAttestOrder(await lineOf(socket, MAX_ORDER_BYTES, ORDER_MS)));
  } catch (error) {
    if (socket.destroyed) return;
    reply = { error: wordsOf(error) };
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
 * @throws AttestError NO_ANSWER: nobody listens there; NO_EVIDENCE: it refuses
 */
export async function askRun(folder: string, order: AttestOrder): Promise<AttestAnswer> {
  const directory = openFolder(folder);
  const socket = connect(throughFolder(directory));
  try {
    await connected(socket, folder);
    socket.end(`${JSON.stringify(order)}\n`);
    const text = await lineOf(socket, MAX_ANSWER_BYTES, ANSWER_MS);
    const refusal = refusalIn(text);
    if (refusal !== undefined) throw new AttestError("NO_EVIDENCE", refusal);
    return parseAttestAnswer(text, order);
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

/** Until the first newline; nothing more is read then. @throws AttestError NO_ANSWER */
function lineOf(socket: Socket, maxBytes: number, ms: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let size = 0;
    const fail = (why: string): void =>
      reject(new AttestError("NO_ANSWER", `the other end ${why}`));
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

function connected(socket: Socket, folder: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("connect", resolve);
    socket.on("error", (cause: NodeJS.ErrnoException) => {
      const nobody = cause.code === "ENOENT" || cause.code === "ECONNREFUSED";
      const why = nobody
        ? "gives no evidence: start it with galgo run --attest-key KEY.pem, or through a daemon that has a key"
        : `can not be asked for evidence (${cause.code ?? cause.message})`;
      reject(new AttestError("NO_ANSWER", `the run in ${quote(folder)} ${why}`, { cause }));
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

/** @throws AttestError NO_SOCKET */
function openFolder(folder: string): number {
  try {
    return openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new AttestError("NO_SOCKET", `can not open the folder ${quote(folder)} (${code})`, {
      cause,
    });
  }
}

/** Folders of runs have longer paths than a socket may have (107 bytes); this one is short. */
function throughFolder(directory: number): string {
  return `/proc/self/fd/${directory}/${NAME}`;
}
