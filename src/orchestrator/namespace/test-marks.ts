// SPDX-License-Identifier: Apache-2.0
// Marks of tests: while a workload is learned it says which test it is at by making a file of that name in a directory that the environment
// variable GALGO_MARKS names. The held open is the message, so it is ordered with all other events; it is no behaviour of the model, and the
// file is gone again before the open returns. docs/completeness.md describes it for users.
import { isProgramUse } from "../../model/runtime/index.ts";
import {
  chmodSync,
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  unlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodePath } from "../../base/path-text.ts";
import type { HookName, SecurityEvent } from "../../event/index.ts";
import { MAX_ANCESTORS, MAX_MARKING_PROCESSES, MAX_TEST_NAME_CHARS, MAX_TESTS } from "../limits.ts";

/** Name of the variable. */
export const MARKS_VARIABLE = "GALGO_MARKS";

/** What opening a new file for writing shows, and what programs do to a file that they have just opened. Nothing else is overlooked. */
const OPENING: ReadonlySet<HookName> = new Set<HookName>([
  "inode_create",
  "file_open",
  "inode_setattr",
  "inode_getattr",
  "file_ioctl",
  "file_fcntl",
]);
/** No test from here on. */
const END = "-";
/** The mark is the parent's: made by a program that was started for it. */
const FOR_PARENT = "^";

/** Who marks, and as what: a process id may be used again, with another time of birth. */
interface Marked {
  readonly born: string;
  readonly test: string;
}

/**
 * Makes the directory for one run. Whoever the workload runs as may make files in it and nobody may list it; it is not sticky, because in sticky
 * directories kernels refuse to open files of others.
 */
export function makeMarksDirectory(): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "galgo-marks-")));
  chmodSync(directory, 0o733);
  return directory;
}

/** What the workload left in it goes too. */
export function removeMarksDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}

/**
 * The environment of a workload: a directory of marks of another run, or one that somebody made up, is never passed on.
 * @param directory undefined: nothing is marked in this run
 */
export function withMarks(
  { [MARKS_VARIABLE]: _, ...env }: NodeJS.ProcessEnv,
  directory: string | undefined,
): NodeJS.ProcessEnv {
  return directory === undefined ? env : { ...env, [MARKS_VARIABLE]: directory };
}

/** The marks of one run. Names are text of the workload: it may lie about them, and about nothing else. */
export class TestMarks {
  readonly #prefix: string;
  /** The directory itself, wherever its name leads by then. */
  readonly #fd: number;
  readonly #byProcess = new Map<number, Marked>();
  readonly #names = new Set<string>();

  /** @param directory as `makeMarksDirectory` gives it */
  constructor(directory: string) {
    this.#prefix = `${directory}/`;
    this.#fd = openSync(
      directory,
      constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW,
    );
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** True when the event is only the making of a mark, which is taken note of. To be asked while the task is held. */
  take(event: SecurityEvent): boolean {
    if (!OPENING.has(event.hook)) return false;
    const pathname = pathOf(event);
    // whoever looks whether the directory is there
    if (event.hook === "inode_getattr" && `${pathname}/` === this.#prefix) return true;
    if (pathname === undefined || !pathname.startsWith(this.#prefix)) return false;
    const name = pathname.slice(this.#prefix.length);
    if (name === "" || name.includes("/")) return false;
    if (event.hook !== "file_open") return true;
    if (isProgramUse(event.hook, event.cell.file.flags)) return false;
    this.#remove(name);
    this.#mark(event, name);
    return true;
  }

  /**
   * The test that the actor of an event is at: that of the nearest of itself and its ancestors that marks; else, when only one process marks,
   * that of that one: a server that a test talks to need not be its child.
   */
  testOf({ pid, tgid = pid }: SecurityEvent): string | undefined {
    if (this.#byProcess.size === 0) return undefined;
    let at = tgid;
    for (let depth = 0; depth < MAX_ANCESTORS && at > 1; depth += 1) {
      const stat = statOf(at);
      if (stat === undefined) break;
      const marked = this.#byProcess.get(at);
      if (marked?.born === stat.born) return marked.test;
      at = stat.parent;
    }
    return this.#only();
  }

  #only(): string | undefined {
    for (const [pid, { born }] of this.#byProcess)
      if (statOf(pid)?.born !== born) this.#byProcess.delete(pid);
    const [only, ...others] = this.#byProcess.values();
    return others.length === 0 ? only?.test : undefined;
  }

  #mark({ pid, tgid = pid }: SecurityEvent, raw: string): void {
    const forParent = raw.startsWith(FOR_PARENT);
    const process = forParent ? statOf(tgid)?.parent : tgid;
    const born = process === undefined ? undefined : statOf(process)?.born;
    if (process === undefined || born === undefined) return;
    this.#byProcess.delete(process);
    const test = this.#known(forParent ? raw.slice(FOR_PARENT.length) : raw);
    if (test === undefined) return;
    if (this.#byProcess.size >= MAX_MARKING_PROCESSES) {
      const [oldest] = this.#byProcess.keys();
      if (oldest !== undefined) this.#byProcess.delete(oldest);
    }
    this.#byProcess.set(process, { born, test });
  }

  /** The name of a test; undefined: no test, or one more than are told apart. */
  #known(raw: string): string | undefined {
    const name = nameOf(raw);
    if (name === "" || raw === END) return undefined;
    if (this.#names.size >= MAX_TESTS && !this.#names.has(name)) return undefined;
    this.#names.add(name);
    return name;
  }

  /** Made anew each time, by whomever: then no rights of a file that is there stand in the way. */
  #remove(name: string): void {
    try {
      unlinkSync(Buffer.from(encodePath(`/proc/self/fd/${this.#fd}/${name}`)));
    } catch {
      // a directory, or gone: the mark counts all the same
    }
  }
}

/** `%2F` and the like stand for characters that a file name can not have, or that would say something else. */
function nameOf(raw: string): string {
  return raw
    .replace(/%([2-7][0-9A-Fa-f])/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
    .replace(/\p{Cs}/gu, "\ufffd")
    .slice(0, MAX_TEST_NAME_CHARS);
}

function pathOf({ cell }: SecurityEvent): string | undefined {
  if ("file" in cell) return cell.file?.path.pathname;
  return "dentry" in cell ? cell.dentry.path.pathname : undefined;
}

interface ProcessStat {
  readonly parent: number;
  /** Clock ticks after boot. */
  readonly born: string;
}

/** Fields 4 and 22 of /proc/PID/stat; undefined when there is no such process. */
function statOf(pid: number): ProcessStat | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { parent: Number(fields[1]), born: fields[19] ?? "" };
  } catch {
    return undefined;
  }
}
