// SPDX-License-Identifier: Apache-2.0
// Processes and threads of the workload, as far as they are known.
import type { TaskIdentity } from "../../event/event.ts";
import { errno } from "../../native/libc.ffi.ts";
import { sys } from "../../native/syscalls.ffi.ts";
import { ExecsUnderWay } from "./image-stamp.ts";
import type { IdMap } from "./id-map.ts";
import type { Image } from "./images.ts";
import type { Afterwards } from "./opened.ts";
import type { TaskStatus } from "./proc.ts";
import type { View } from "./view.ts";

const PIDFD_OPEN = 434;
const PIDFD_SEND_SIGNAL = 424;
const TGKILL = process.arch === "arm64" ? 131 : 234;
const EPERM = 1;
const POLLIN = 1;

/** A view and when it was looked up. */
export interface SeenView {
  readonly view: View;
  readonly epoch: number;
}

/** What a process starts with. */
export interface Birth {
  readonly image: Image;
  readonly identity: TaskIdentity;
  readonly name: string;
  readonly untrusted: boolean;
  readonly ids?: IdMap | undefined;
  /** Its number in the container's own pid namespace. */
  readonly innerPid?: number | undefined;
}

/** A process of the workload. */
export class Process {
  readonly tgid: number;
  readonly pidfd: number;
  identity: TaskIdentity;
  image: Image;
  name: string;
  untrusted: boolean;
  /** Of its last event (ns, monotonic). */
  lastTs = 0n;
  /** Parent when it was first seen. */
  readonly ppid: number;
  /** Other processes may run in its memory; until the next exec. */
  sharesMemory = false;
  /** It has restricted itself beyond what its credentials say (Landlock): nobody may do for it what it may not do any more. */
  restricted = false;
  /** It adopts orphans of its descendants (PR_SET_CHILD_SUBREAPER): who shows it as parent need not be its child. */
  adoptsOrphans = false;
  readonly execs: ExecsUnderWay = new ExecsUnderWay();
  /** How the task whose call is held sees the filesystem. */
  view: View;
  viewEpoch: number;
  /** Threads may differ in root, working directory and umask (one of them called unshare). */
  splitFs = false;
  /** Children may be born into other namespaces than this process is in. */
  childrenDiffer = false;
  /** Its container has a user namespace: how numbers of users and groups are told. */
  readonly ids: IdMap | undefined;
  /** Its number in the container's own pid namespace: what it finds itself under in /proc. */
  readonly innerPid: number | undefined;
  /** It was brought into the workload by a container runtime and is still the runtime's program: what it does is none of the workload's. */
  settingUp = false;
  readonly threads: Map<number, Task> = new Map();
  /** Threads may differ in credentials (one of them changed its own). */
  divergent = false;
  /** Checks of calls that went on in its threads, and of those those of threads that have ended. */
  checks = 0;
  readonly left: Afterwards[] = [];

  constructor(tgid: number, ppid: number, birth: Birth, seen: SeenView) {
    this.tgid = tgid;
    this.ppid = ppid;
    this.pidfd = Number(sys().syscall3(PIDFD_OPEN, tgid, 0, 0));
    this.identity = birth.identity;
    this.image = birth.image;
    this.name = birth.name;
    this.untrusted = birth.untrusted;
    this.ids = birth.ids;
    this.innerPid = birth.innerPid;
    this.view = seen.view;
    this.viewEpoch = seen.epoch;
  }

  /** Marks the process untrusted, for good. */
  discipline(): void {
    this.untrusted = true;
    this.image.untrusted = true;
  }
}

/** A thread of the workload. */
export class Task {
  readonly tid: number;
  readonly process: Process;
  status: TaskStatus;
  /** The credentials have to be read again before they are used. */
  stale = false;
  /** Calls that went on in the task, to be checked at its next event. */
  readonly afterwards: Afterwards[] = [];
  /** Its last call changed how the filesystem is seen, after the views were invalidated. */
  viewPending = false;
  /** Its own view, where threads of its process differ. */
  seen: SeenView | undefined;

  constructor(tid: number, process: Process, status: TaskStatus) {
    this.tid = tid;
    this.process = process;
    this.status = status;
  }

  /** The call goes on in the task: `check` is made when it is held again, or has ended. */
  later(check: Afterwards): void {
    this.afterwards.push(check);
    this.process.checks++;
  }
}

/** Signal 0 through the pidfd: fails with ESRCH once the process was reaped, so a reused pid is never taken for it. */
export function processAlive(process: Process): boolean {
  if (process.pidfd < 0) return false;
  return (
    Number(sys().syscall4(PIDFD_SEND_SIGNAL, process.pidfd, 0, 0, 0)) === 0 || errno() === EPERM
  );
}

/** Whether all its threads have ended; `processAlive` finds one that nobody has waited for. */
export function hasEnded({ pidfd }: Process): boolean {
  if (pidfd < 0) return false;
  const polled = Buffer.alloc(8);
  polled.writeInt32LE(pidfd, 0);
  polled.writeInt16LE(POLLIN, 4);
  return sys().poll(polled, 1, 0) > 0 && (polled.readInt16LE(6) & POLLIN) !== 0;
}

/** Whether a thread is still there. */
export function alive(task: Task): boolean {
  if (!processAlive(task.process)) return false;
  if (task.tid === task.process.tgid) return true;
  return Number(sys().syscall3(TGKILL, task.process.tgid, task.tid, 0)) === 0 || errno() === EPERM;
}
