// SPDX-License-Identifier: Apache-2.0
// Checks of calls that had to go on in a task whose memory others could rewrite: at the task's next event what was
// really opened must be what was decided on. Those of sockets are in connected.ts.
import { readdirSync } from "node:fs";
import type { SecurityEvent } from "../../event/event.ts";
import { sys } from "../../native/syscalls.ffi.ts";
import { asAgent } from "./agent-self.ts";
import { eventOf } from "./event-of.ts";
import { MAX_COMPARED } from "./limits.ts";
import { linkText, statLink } from "./link.ts";
import type { Objects } from "./objects.ts";
import { O, eventFlags } from "../file/open-flags.ts";
import { readProc } from "./proc.ts";
import { FileType, FsMagic, type Stat, filesystemOf } from "../file/stat.ts";
import type { Task } from "./tasks.ts";

/** What was reached instead. */
export interface Contradiction {
  /** For people. */
  readonly text: string;
  /** What should have been decided on; undefined when it can not be described. */
  readonly event: SecurityEvent | undefined;
}

/** What is checked when the task is held the next time. */
export interface Afterwards {
  readonly reason: string;
  /** undefined when all is right. `objects` describes what is found. */
  contradicted(task: Task, objects: Objects): Contradiction | undefined;
  /** The agent has installed an object in the process meanwhile; `key` is its stat key. */
  installed?(key: string): void;
  /** Gives up what the check holds. To be called once, after the check or instead of it. */
  release(): void;
}

/** What an open may add to the descriptors of a task. Nothing: only descriptors of O_PATH, which give no access. */
export interface ExpectedOpen {
  /** stat key of the object. */
  readonly key?: string;
  /** Name of what is made, or of what has another inode in each namespace (settings in /proc). */
  readonly path?: string;
  /** Told of what was made. */
  readonly made?: (stat: Stat) => void;
  /** Opens that only read are not held: new descriptors of theirs say nothing. */
  readonly readsUnheld?: boolean;
}

/** An open: every descriptor that is new must be the expected object, or one that came another way. */
export class OpenedAfterwards implements Afterwards {
  readonly reason = "another file was opened than the one that was allowed";
  readonly #before: ReadonlySet<string>;
  /** stat keys that a new descriptor may have: what was open already, what the agent installed. */
  readonly #known = new Set<string>();
  readonly #expected: ExpectedOpen;

  /** To be made while the task is held. */
  constructor(task: Task, expected: ExpectedOpen) {
    const fds = openFds(task);
    this.#before = new Set(fds);
    for (const fd of fds.slice(0, MAX_COMPARED)) {
      const key = statLink(`/proc/${task.tid}/fd/${fd}`)?.key;
      if (key !== undefined) this.#known.add(key);
    }
    this.#expected = expected;
  }

  installed(key: string): void {
    this.#known.add(key);
  }

  contradicted(task: Task, objects: Objects): Contradiction | undefined {
    for (const fd of openFds(task)) {
      if (this.#before.has(fd)) continue;
      const found = this.#judge(task, fd, objects);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  release(): void {
    // nothing is held
  }

  #judge(task: Task, number: string, objects: Objects): Contradiction | undefined {
    const link = `/proc/${task.tid}/fd/${number}`;
    const stat = statLink(link);
    if (stat === undefined || stat.key === this.#expected.key || this.#known.has(stat.key)) return;
    if (stat.type !== FileType.regular && stat.type !== FileType.directory) return;
    const text = linkText(link);
    if (this.#isNamed(text, link, stat) || isMemory(text, stat)) return;
    const flags = flagsOf(task, number);
    if ((flags & O.PATH) !== 0) return;
    if (this.#expected.readsUnheld === true && (flags & O.ACCMODE) === 0) return;
    return { text, event: describe(task, link, stat, { flags, objects }) };
  }

  #isNamed(text: string, link: string, stat: Stat): boolean {
    const { path, made } = this.#expected;
    if (path === undefined || path !== text) return false;
    if (made === undefined) return isOfProc(link, stat);
    made(stat);
    return true;
  }
}

/** memfd_create is decided on by itself. */
function isMemory(text: string, stat: Stat): boolean {
  return stat.nlink === 0 && text.startsWith("/memfd:");
}

function isOfProc(link: string, stat: Stat): boolean {
  const fd = openLink(link);
  if (fd < 0) return false;
  const { magic } = filesystemOf(fd, stat);
  sys().close(fd);
  return magic === FsMagic.proc;
}

function openLink(link: string): number {
  return sys().open(Buffer.from(`${link}\0`, "latin1"), O.PATH | O.CLOEXEC, 0);
}

function describe(
  task: Task,
  link: string,
  stat: Stat,
  { flags, objects }: { readonly flags: number; readonly objects: Objects },
): SecurityEvent | undefined {
  const fd = openLink(link);
  if (fd < 0) return undefined;
  try {
    const use = { hook: "file_open", flags: eventFlags(flags) } as const;
    return eventOf(task, "file_open", { file: objects.file(task.process, fd, stat, use) }, "open");
  } catch {
    return undefined; // content that can not be read: it is told as text
  } finally {
    sys().close(fd);
  }
}

function openFds(task: Task): string[] {
  try {
    return asAgent(() => readdirSync(`/proc/${task.tid}/fd`));
  } catch {
    return [];
  }
}

/** Flags of a task's open descriptor, from its fdinfo. */
export function flagsOf(task: Task, fd: number | string): number {
  const text = readProc(`/proc/${task.tid}/fdinfo/${fd}`) ?? "";
  return Number.parseInt(/^flags:\t0*([0-7]+)$/m.exec(text)?.[1] ?? "0", 8);
}
