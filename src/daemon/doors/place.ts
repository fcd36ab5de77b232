// SPDX-License-Identifier: Apache-2.0
// The daemon's directory and the sockets in it. Whoever holds the lock of the directory owns every socket there: what is left of a dead
// daemon is replaced without asking, and a second daemon gets nowhere.
import {
  chmodSync,
  chownSync,
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
  ftruncateSync,
} from "node:fs";
import { quote } from "../../base/quote.ts";
import { tryLock } from "../../native/process.ffi.ts";
import { DaemonError } from "../errors.ts";
import type { DaemonSockets } from "../sockets.ts";

const SOCKET_MODE = 0o660;
const LOCK_MODE = 0o600;
/** Others pass through to the sockets, whose own mode decides. */
const DIRECTORY_MODE = 0o755;
const OTHERS_MAY_WRITE = 0o022;

/** The directory, held. */
export interface HeldDirectory {
  release(): void;
}

/**
 * Makes the directory where it is not there, and takes its lock.
 * @throws DaemonError NO_DIRECTORY, NOT_PRIVATE, NOT_ALLOWED, IN_USE
 */
export function holdDirectory(sockets: DaemonSockets): HeldDirectory {
  requirePrivate(sockets.directory);
  let fd: number;
  try {
    // whoever could open it could lock it
    fd = openSync(sockets.lock, "a+", LOCK_MODE);
  } catch (error) {
    throw unusable(sockets.directory, error);
  }
  if (!tryLock(fd)) {
    closeSync(fd);
    throw new DaemonError(
      "IN_USE",
      `a daemon runs already in ${quote(sockets.directory)}${holder(sockets.lock)}: stop it first, or choose another directory (GALGO_RUN_DIR)`,
    );
  }
  ftruncateSync(fd);
  writeSync(fd, `${process.pid}\n`);
  return { release: () => closeSync(fd) };
}

function holder(lock: string): string {
  try {
    const pid = readFileSync(lock, "utf8").trim();
    return /^\d+$/.test(pid) ? ` (pid ${pid})` : "";
  } catch {
    return "";
  }
}

/** Whoever can write to the directory, sticky or not, could put there what the daemon then takes for its own. */
function requirePrivate(directory: string): void {
  try {
    mkdirSync(directory, { mode: DIRECTORY_MODE });
    // whatever the umask is
    chmodSync(directory, DIRECTORY_MODE);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw unusable(directory, error);
  }
  let stats: ReturnType<typeof statSync>;
  try {
    stats = statSync(directory);
  } catch (error) {
    throw unusable(directory, error);
  }
  const ours = stats.uid === 0 || stats.uid === process.geteuid?.();
  const closed = (stats.mode & OTHERS_MAY_WRITE) === 0;
  if (stats.isDirectory() && ours && closed) return;
  throw new DaemonError(
    "NOT_PRIVATE",
    `${quote(directory)} can not hold the daemon's sockets: it has to be a directory of yours or of root that no one else can write to (chmod go-w)`,
  );
}

/**
 * Gives a socket that listens at `made` its mode, its group and its name. A socket that a dead daemon left under that name is replaced.
 * @throws DaemonError NO_SOCKET, NOT_ALLOWED
 */
export function nameSocket(made: string, path: string, gid: number | undefined): void {
  try {
    const there = lstatSync(path, { throwIfNoEntry: false });
    if (there !== undefined && !there.isSocket()) {
      throw new DaemonError(
        "NO_SOCKET",
        `${quote(path)} is there and is no socket: remove it first`,
      );
    }
    if (gid !== undefined) chownSync(made, -1, gid);
    chmodSync(made, SOCKET_MODE);
    renameSync(made, path);
  } catch (error) {
    rmSync(made, { force: true });
    if (error instanceof DaemonError) throw error;
    throw unusable(path, error);
  }
}

/** Where a socket is made before it gets its name. What a dead daemon left there is removed. */
export function workplaceOf(path: string): string {
  const made = `${path}.new`;
  rmSync(made, { force: true });
  return made;
}

/** @returns what is said when a file of the daemon's directory can not be made */
export function unusable(path: string, cause: unknown): DaemonError {
  const code = codeOf(cause);
  const refused = code === "EACCES" || code === "EPERM" || code === "EROFS";
  const advice = refused
    ? "; start the daemon as root, or set GALGO_RUN_DIR to a directory of yours"
    : code === "TOO_LONG"
      ? "; set GALGO_RUN_DIR to a directory with a shorter path"
      : "";
  return new DaemonError(
    refused ? "NOT_ALLOWED" : "NO_DIRECTORY",
    `can not make the daemon's ${quote(path)} (${code})${advice}`,
    { cause },
  );
}

function codeOf(error: unknown): string {
  const { code, facts } = error as NodeJS.ErrnoException & { facts?: { errno?: string } };
  return facts?.errno ?? code ?? String(error);
}
