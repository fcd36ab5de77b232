// SPDX-License-Identifier: Apache-2.0
// A small file for each workload that runs, so that a daemon which starts after another one was killed knows what that one had.
import {
  accessSync,
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { quote } from "../../base/quote.ts";
import { unusable } from "../doors/place.ts";
import type { WorkloadOrigin } from "../api/types.ts";

/** What is known of a workload when it starts. */
export interface WorkloadEntry {
  readonly id: string;
  readonly name: string;
  readonly owner: number;
  readonly origin: WorkloadOrigin;
  readonly sensor: string;
  readonly started: string;
  /** Folder of the run's records. */
  readonly directory: string;
  readonly daemonPid: number;
}

const SUFFIX = ".json";
/** While it is written. */
const UNFINISHED = ".new";

export class WorkloadFiles {
  readonly #folder: string;

  /** @param folder made when it is not there @throws DaemonError NO_DIRECTORY, NOT_ALLOWED */
  constructor(folder: string) {
    this.#folder = folder;
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      accessSync(folder, constants.R_OK | constants.W_OK);
    } catch (error) {
      throw unusable(folder, error);
    }
  }

  /** On the disk when it returns. @throws DaemonError NO_DIRECTORY, NOT_ALLOWED */
  add(entry: WorkloadEntry): void {
    try {
      this.#write(entry);
    } catch (error) {
      throw unusable(this.#path(entry.id), error);
    }
  }

  #write(entry: WorkloadEntry): void {
    const path = this.#path(entry.id);
    const fd = openSync(`${path}${UNFINISHED}`, "w", 0o600);
    try {
      writeSync(fd, `${JSON.stringify(entry)}\n`);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(`${path}${UNFINISHED}`, path);
  }

  remove(id: string): void {
    rmSync(this.#path(id), { force: true });
  }

  /**
   * Of every file. One that was not finished is removed: its workload had not begun.
   * @param onNotice hears of files that say nothing; they stay
   */
  list(onNotice: (text: string) => void): readonly WorkloadEntry[] {
    const found: WorkloadEntry[] = [];
    for (const name of readdirSync(this.#folder).sort()) {
      const path = join(this.#folder, name);
      if (name.endsWith(UNFINISHED)) rmSync(path, { force: true, recursive: true });
      if (!name.endsWith(SUFFIX)) continue;
      const entry = entryIn(path);
      if (entry !== undefined) found.push(entry);
      else
        onNotice(
          `${quote(path)} can not be read: which workload it was of is not known; remove it`,
        );
    }
    return found;
  }

  #path(id: string): string {
    return join(this.#folder, `${id}${SUFFIX}`);
  }
}

function entryIn(path: string): WorkloadEntry | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    return isEntry(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** One of another version may look otherwise. */
function isEntry(value: unknown): value is WorkloadEntry {
  const entry = value as Partial<WorkloadEntry> | null;
  return (
    typeof entry === "object" &&
    entry !== null &&
    [entry.id, entry.name, entry.directory].every((text) => typeof text === "string") &&
    typeof entry.daemonPid === "number" &&
    typeof entry.origin?.kind === "string"
  );
}
