// SPDX-License-Identifier: Apache-2.0
// Runs that go on, by what they leave in the state directory: their run file says so and the Galgo that wrote it lives.
import { closeSync, fstatSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { StateError } from "../errors.ts";
import { type RunRecord, readRunRecord } from "../run-record.ts";
import { listNames, listRuns, type RunDirectory, runFolder } from "../state-dir.ts";
import { splitMark } from "./marks.ts";

/** A run that goes on. */
export interface RunningRun {
  readonly directory: RunDirectory;
  readonly record: RunRecord;
  /** Violations so far. */
  readonly violations: number;
}

/** The last record of a file is in this much of its end; the longest records are not looked for. */
const TAIL_BYTES = 64 * 1024;
/** Ticks of /proc/PID/stat a second (USER_HZ, the same on all architectures that Galgo runs on). */
const TICKS = 100;
/** Clocks: a process began that much after the run that it wrote at most. */
const SLACK_MS = 5_000;

/** Looks for runs that go on; the file of one that has ended is read again when it has changed: somebody may go on with the run. */
export class RunningRuns {
  readonly #root: string;
  /** Time of the last change (ns) of the run file, by run that has ended. */
  readonly #ended = new Map<string, bigint>();

  constructor(root: string) {
    this.#root = root;
  }

  /** Oldest first. Runs whose files can not be read are not among them. @param known ids that need not be looked at */
  list(known: ReadonlySet<string> = new Set()): RunningRun[] {
    const found = listNames(this.#root).flatMap((name) =>
      listRuns(this.#root, name)
        .filter((runId) => !known.has(runId))
        .flatMap((runId) => this.#look(name, runId) ?? []),
    );
    return found.sort((a, b) => (a.directory.runId < b.directory.runId ? -1 : 1));
  }

  #look(name: string, runId: string): RunningRun | undefined {
    const key = `${name}/${runId}`;
    const directory = runFolder(join(this.#root, name, runId), { name, runId });
    try {
      const changed = changeTime(directory.run);
      if (changed !== undefined && this.#ended.get(key) === changed) return undefined;
      const record = readRunRecord(directory.run);
      if (record.status === "running" && Array.isArray(record.command) && isAlive(record)) {
        this.#ended.delete(key);
        return { directory, record, violations: lastNumber(directory.forensics) };
      }
      if (changed !== undefined) this.#ended.set(key, changed);
      return undefined;
    } catch (error) {
      // a run whose file is not there yet begins just now
      if (error instanceof StateError) return undefined;
      throw error;
    }
  }
}

function changeTime(path: string): bigint | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.mtimeNs;
}

/** The process that wrote the record lives: one of its id that began later is another. */
function isAlive({ galgoPid, started, adopted }: RunRecord): boolean {
  // who goes on with a run began after it
  const written = Date.parse(adopted?.at(-1)?.at ?? started);
  try {
    const stat = readFileSync(`/proc/${galgoPid}/stat`, "latin1");
    // comm may hold anything; field 22 is the 20th behind it
    const ticks = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
    const uptime = Number(readFileSync("/proc/uptime", "latin1").split(" ")[0]);
    const began = Date.now() - uptime * 1_000 + (ticks / TICKS) * 1_000;
    return began <= written + SLACK_MS;
  } catch {
    return false;
  }
}

/** Number of the last violation in a file of forensics; 0 when there is none. */
function lastNumber(path: string): number {
  try {
    // Not even opened: a file that is read while it is written is a violation for a kernel that measures (docs/ima.md).
    if (statSync(path).size === 0) return 0;
    const fd = openSync(path, "r");
    try {
      const { size } = fstatSync(fd);
      const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES));
      const read = readSync(fd, bytes, 0, bytes.length, size - bytes.length);
      const lines = bytes.toString("latin1", 0, read).split("\n").slice(0, -1).reverse();
      for (const line of lines) {
        const { mark } = splitMark(line);
        if (mark !== undefined) return mark.number;
      }
      return 0;
    } finally {
      closeSync(fd);
    }
  } catch {
    return 0;
  }
}
