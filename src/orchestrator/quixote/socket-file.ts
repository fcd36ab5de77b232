// SPDX-License-Identifier: Apache-2.0
// The place of a management socket in the file system: <directory>/<name>. A socket that nobody listens on any more, as a killed
// Galgo leaves it behind, is replaced; one that is in use never is. A socket is ready and private (mode 0600) before it has its name.
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
} from "node:fs";
import type { BigIntStats, Stats } from "node:fs";
import { connect } from "node:net";
import type { Server } from "node:net";
import { join } from "node:path";
import { quote } from "../../base/quote.ts";
import { MAX_SOCKET_PATH } from "./limits.ts";
import { ConsoleError, END_FRAME } from "./protocol.ts";

/** Dead sockets that are replaced in one start: others may die meanwhile. */
const MAX_TRIES = 8;
const OTHERS_MAY_WRITE = 0o022;
const STICKY = 0o1000;

/** A socket in its place. */
export interface PlacedSocket {
  readonly path: string;
  /** Takes it away, unless another one stands there by now. */
  remove(): void;
}

/**
 * Makes the server listen on <directory>/<name>. The directory is made (mode 0700) when it is not there; only we and root may be
 * able to replace what is in it.
 * @throws ConsoleError NO_SOCKET, NOT_PRIVATE, IN_USE
 */
export async function placeSocket(
  server: Server,
  directory: string,
  name: string,
): Promise<PlacedSocket> {
  const path = join(directory, name);
  requirePrivate(directory);
  const workshop = makeWorkshop(directory, path);
  try {
    const made = join(workshop, "s");
    await listen(server, made);
    chmodSync(made, 0o600);
    const own = lstatSync(made, { bigint: true });
    await giveName(made, path, workshop);
    return { path, remove: () => removeOwn(path, own) };
  } finally {
    rmSync(join(workshop, "s"), { force: true });
    rmdirSync(workshop);
  }
}

/** Whoever can write to the directory could put a socket of his own there and answer consoles. */
function requirePrivate(directory: string): void {
  let stats: Stats;
  try {
    if (statSync(directory, { throwIfNoEntry: false }) === undefined)
      mkdirSync(directory, { mode: 0o700 });
    stats = statSync(directory);
  } catch (error) {
    throw unusable(directory, error);
  }
  const { uid, mode } = stats;
  const ours = uid === 0 || uid === process.geteuid?.();
  const closed = (mode & OTHERS_MAY_WRITE) === 0 || (mode & STICKY) !== 0;
  if (stats.isDirectory() && ours && closed) return;
  throw new ConsoleError(
    "NOT_PRIVATE",
    `${quote(directory)} can not hold a management socket: it has to be a directory of yours or of root that no one else can write to (chmod go-w)`,
  );
}

/** A folder inside, where the socket is made ready. */
function makeWorkshop(directory: string, path: string): string {
  const prefix = join(directory, ".galgo-");
  const longest = Math.max(Buffer.byteLength(path), Buffer.byteLength(`${prefix}XXXXXX/s`));
  if (longest > MAX_SOCKET_PATH) {
    throw new ConsoleError(
      "NO_SOCKET",
      `the path of the management socket ${quote(path)} is too long: ${longest} bytes are needed, ${MAX_SOCKET_PATH} are possible; use a shorter directory`,
    );
  }
  try {
    return mkdtempSync(prefix);
  } catch (error) {
    throw unusable(directory, error);
  }
}

async function listen(server: Server, path: string): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, () => {
        server.off("error", reject);
        resolve();
      });
    });
  } catch (error) {
    throw unusable(path, error);
  }
}

/** Linking, unlike renaming, never replaces what another process has put there in the same moment. */
async function giveName(made: string, path: string, workshop: string): Promise<void> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    try {
      linkSync(made, path);
      return;
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw unusable(path, error);
    }
    const there = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    if (there === undefined) continue;
    if (!there.isSocket()) {
      throw new ConsoleError("IN_USE", `${quote(path)} is there and is no socket: remove it first`);
    }
    if (await isAlive(path)) throw inUse(path);
    takeAway(path, there, join(workshop, "dead"));
  }
  throw inUse(path);
}

/** Removes the dead socket that was looked at, and only that one. */
function takeAway(path: string, dead: BigIntStats, aside: string): void {
  try {
    renameSync(path, aside);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    throw unusable(path, error);
  }
  const taken = lstatSync(aside, { bigint: true });
  try {
    // another Galgo was faster: that one is alive
    if (!isSame(taken, dead)) linkSync(aside, path);
  } catch {
    // and a third one has the name by now
  } finally {
    rmSync(aside, { force: true });
  }
}

/** Whether anybody accepts connections. The session is ended in order: an orchestrator of Quixote ends its workload otherwise. */
function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => {
      socket.end(END_FRAME);
      socket.resume();
      socket.off("error", onError).on("error", () => undefined);
      resolve(true);
    });
    const onError = (error: unknown): void => {
      const code = codeOf(error);
      // EAGAIN: alive, and its queue is full
      if (code === "EAGAIN") resolve(true);
      else if (code === "ECONNREFUSED" || code === "ENOENT") resolve(false);
      else reject(unusable(path, error));
    };
    socket.on("error", onError);
  });
}

function removeOwn(path: string, own: BigIntStats): void {
  const there = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (there !== undefined && isSame(there, own)) rmSync(path, { force: true });
}

function isSame(a: BigIntStats, b: BigIntStats): boolean {
  return a.ino === b.ino && a.dev === b.dev;
}

function inUse(path: string): ConsoleError {
  return new ConsoleError(
    "IN_USE",
    `the management socket ${quote(path)} is in use by a run that goes on: choose another name (--name) or directory`,
  );
}

function unusable(path: string, cause: unknown): ConsoleError {
  return new ConsoleError(
    "NO_SOCKET",
    `no management socket can be made at ${quote(path)} (${codeOf(cause)})`,
    { cause },
  );
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
