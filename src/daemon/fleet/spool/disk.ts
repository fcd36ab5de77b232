// SPDX-License-Identifier: Apache-2.0
// Where the spool keeps its files: a folder. Each file is whole and on the disk, or not there.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { closeSync, fsyncSync, ftruncateSync, openSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { quote } from "../../../base/quote.ts";
import { FleetError } from "../errors.ts";

/** One file of a spool. */
export interface SpoolFile {
  readonly name: string;
  readonly bytes: number;
}

/** What a spool needs of a disk. */
export interface SpoolDisk {
  list(): readonly SpoolFile[];
  /** undefined: it is not there. */
  read(name: string): Uint8Array | undefined;
  /** Settles when the file is on the disk, in place of one that had the name. Rejects, and nothing has changed. */
  write(name: string, content: Uint8Array): Promise<void>;
  /** Keeps the first `bytes` of a file under another name; needs no room. */
  cut(name: string, bytes: number, newName: string): void;
  remove(name: string): void;
}

/** While a file is written. */
const UNFINISHED = ".new";

/** @throws FleetError NOT_WRITABLE */
export function folderDisk(folder: string): SpoolDisk {
  prepare(folder);
  const at = (name: string): string => join(folder, name);
  return {
    list: () =>
      readdirSync(folder).flatMap((name) => {
        const stat = statSync(at(name), { throwIfNoEntry: false });
        return stat?.isFile() === true ? [{ name, bytes: stat.size }] : [];
      }),
    read: (name) => {
      try {
        return readFileSync(at(name));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
    },
    write: async (name, content) => {
      const path = at(name);
      try {
        await writeDurable(`${path}${UNFINISHED}`, content);
        await rename(`${path}${UNFINISHED}`, path);
        await syncFolder(folder);
      } catch (error) {
        await rm(`${path}${UNFINISHED}`, { force: true }).catch(() => undefined);
        throw error;
      }
    },
    cut: (name, bytes, newName) => {
      renameSync(at(name), at(newName));
      const fd = openSync(at(newName), "r+");
      try {
        ftruncateSync(fd, bytes);
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
    },
    remove: (name) => rmSync(at(name), { force: true }),
  };
}

/** What was not finished when somebody was killed had not begun. */
function prepare(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(folder))
      if (name.endsWith(UNFINISHED)) rmSync(join(folder, name), { force: true });
  } catch (cause) {
    const { code = String(cause) } = cause as NodeJS.ErrnoException;
    throw new FleetError(
      "NOT_WRITABLE",
      `can not keep what is to be told to the fleet in ${quote(folder)} (${code})`,
      { cause },
    );
  }
}

async function writeDurable(path: string, content: Uint8Array): Promise<void> {
  const file = await open(path, "w", 0o600);
  try {
    await file.writeFile(content);
    await file.datasync();
  } finally {
    await file.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
