// SPDX-License-Identifier: Apache-2.0
// Files that only the server's own user may read, written so that after a crash there is the old one or the new one.
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { randomBytes } from "node:crypto";
import { quote } from "../../base/quote.ts";
import { FleetStartError } from "../errors.ts";

/** A folder for its owner only; made when it is not there. @throws FleetStartError NO_DATA */
export function privateFolder(path: string): string {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const { mode, uid } = statSync(path);
    const mine = uid === (process.getuid?.() ?? uid);
    if (mine && (mode & 0o077) === 0) return path;
  } catch (cause) {
    throw new FleetStartError(
      "NO_DATA",
      `the folder ${quote(path)} can not be made: ${codeOf(cause)}`,
      { cause },
    );
  }
  throw new FleetStartError(
    "NO_DATA",
    `${quote(path)} holds the keys of the fleet, so it has to be this user's, and nobody else's: chmod 700 it`,
  );
}

/** The text of a private file; undefined: there is none. @throws FleetStartError BAD_KEY: others may read it, or nobody can */
export function readPrivate(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  if ((found.mode & 0o077) !== 0) {
    throw new FleetStartError(
      "BAD_KEY",
      `${quote(path)} may be read by others: chmod 600 it, and make new keys when somebody has`,
    );
  }
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new FleetStartError("BAD_KEY", `${quote(path)} can not be read: ${codeOf(cause)}`, {
      cause,
    });
  }
}

/** Writes a private file anew. @throws FleetStartError NO_DATA */
export function writePrivate(path: string, text: string): void {
  put(path, text, (from) => renameSync(from, path));
}

/** Writes a private file that must not be there. @returns false: it is */
export function writeNewPrivate(path: string, text: string): boolean {
  let isNew = true;
  put(path, text, (from) => {
    try {
      linkSync(from, path);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause;
      isNew = false;
    }
  });
  return isNew;
}

function put(path: string, text: string, place: (from: string) => void): void {
  const beside = join(dirname(path), `.${randomBytes(8).toString("hex")}`);
  try {
    const file = openSync(beside, "wx", 0o600);
    try {
      writeSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    place(beside);
    const folder = openSync(dirname(path), "r");
    fsyncSync(folder);
    closeSync(folder);
  } catch (cause) {
    throw new FleetStartError("NO_DATA", `${quote(path)} can not be written: ${codeOf(cause)}`, {
      cause,
    });
  } finally {
    rmSync(beside, { force: true });
  }
}

export function codeOf(cause: unknown): string {
  return quote((cause as NodeJS.ErrnoException).code ?? String(cause), 80);
}
