// SPDX-License-Identifier: Apache-2.0
// Whether a process has become another image: execs that were let through, and what tells that one has taken place.
import { statLink } from "./link.ts";
import { readProc } from "./proc.ts";
import type { Stat } from "../file/stat.ts";
import type { Task } from "./tasks.ts";

/**
 * Members of /proc/PID/stat (proc_pid_stat(5)), counted from the state: where the kernel has put code, data, stack, arguments
 * and environment. Only an exec changes them (and PR_SET_MM, which is an event).
 */
const LAYOUT = [23, 24, 25, 42, 43, 44, 45, 46, 47, 48] as const;

/** What an exec that was let through must turn the process into. */
export interface PendingExec {
  /** stat key of the image that was decided on. */
  readonly expected: string;
  /** Called when that image runs, with the new status. `image` is the file as it is now: nobody can write to it while it runs. */
  readonly succeeded: (task: Task, image: Stat) => void;
  /** Called when another image runs. */
  readonly contradicted: (task: Task) => void;
}

/** What an exec changes. The file alone does not tell: a program may execute itself, or fail to. */
interface ImageStamp {
  readonly exe: string;
  readonly stat: Stat;
  readonly layout: string;
}

/** The image that a process has become: its stat key, and what to call for it. */
export interface NewImage {
  readonly exe: string;
  readonly stamp: string;
  run(task: Task): void;
}

interface ExecUnderWay extends PendingExec {
  readonly before: ImageStamp;
}

/**
 * Execs of one process, by the thread that called. All stay open until that thread is held again or the image has changed: what
 * other threads do meanwhile says nothing about them.
 */
export class ExecsUnderWay {
  readonly #byThread = new Map<number, ExecUnderWay>();

  get some(): boolean {
    return this.#byThread.size > 0;
  }

  /** To be called while the task is held. False when its image can not be seen, so that nothing could be checked afterwards. */
  expect(tid: number, pending: PendingExec): boolean {
    const before = stampOf(tid);
    if (before === undefined) return false;
    this.#byThread.set(tid, { ...pending, before });
    return true;
  }

  /**
   * To be called when a thread of the process is held. `exe` is the new image with what to call for it; "same" when it is
   * still the old one; undefined when that can not be seen.
   */
  settle(tid: number): NewImage | "same" | undefined {
    const now = stampOf(tid);
    if (now === undefined) return undefined;
    const image = this.#changed(now);
    if (image !== undefined) return image;
    this.#byThread.delete(tid); // the thread is back, so its exec has failed
    return "same";
  }

  /** The new image, when there is one, of a process of which no thread need be held. */
  look(tgid: number): NewImage | undefined {
    const now = stampOf(tgid);
    return now === undefined ? undefined : this.#changed(now);
  }

  #changed(now: ImageStamp): NewImage | undefined {
    const [one] = this.#byThread.values();
    if (one === undefined) return undefined;
    if (now.exe === one.before.exe && now.layout === one.before.layout) return undefined;
    const known = [...this.#byThread.values()].find(({ expected }) => expected === now.exe);
    this.#byThread.clear();
    const run = (task: Task): void => {
      if (known === undefined) one.contradicted(task);
      else known.succeeded(task, now.stat);
    };
    return { exe: now.exe, stamp: keyOf(now), run };
  }
}

const keyOf = ({ exe, layout }: ImageStamp): string => `${exe} ${layout}`;

/** What an exec has given a process: the same for what it forks, different for each exec. undefined when it can not be seen. */
export function imageStamp(tid: number): string | undefined {
  const stamp = stampOf(tid);
  return stamp === undefined ? undefined : keyOf(stamp);
}

function stampOf(tid: number): ImageStamp | undefined {
  const stat = statLink(`/proc/${tid}/exe`);
  const text = readProc(`/proc/${tid}/stat`);
  if (stat === undefined || text === undefined || text === "") return undefined;
  // the name in parentheses may hold anything
  const members = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { exe: stat.key, stat, layout: LAYOUT.map((index) => members[index]).join(" ") };
}
