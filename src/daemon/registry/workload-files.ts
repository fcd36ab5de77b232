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
    const fd = openSync(`${path}.new`, "w", 0o600);
    try {
      writeSync(fd, `${JSON.stringify(entry)}\n`);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(`${path}.new`, path);
  }

  remove(id: string): void {
    rmSync(this.#path(id), { force: true });
  }

  /** Of every file; one that can not be read (a power failure) is left out and removed. */
  list(): readonly WorkloadEntry[] {
    const found: WorkloadEntry[] = [];
    for (const name of readdirSync(this.#folder).sort()) {
      const entry = name.endsWith(SUFFIX) ? entryIn(join(this.#folder, name)) : undefined;
      if (entry === undefined) rmSync(join(this.#folder, name), { force: true });
      else found.push(entry);
    }
    return found;
  }

  #path(id: string): string {
    return join(this.#folder, `${id}${SUFFIX}`);
  }
}

function entryIn(path: string): WorkloadEntry | undefined {
  try {
    const entry = JSON.parse(readFileSync(path, "utf8")) as WorkloadEntry;
    return typeof entry.id === "string" && typeof entry.directory === "string" ? entry : undefined;
  } catch {
    return undefined;
  }
}
