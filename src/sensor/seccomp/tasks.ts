// SPDX-License-Identifier: Apache-2.0
// Who is who: processes and threads of the workload, their identity, credentials and trust, kept across fork, exec,
// thread exit and reuse of thread ids. Identity rests on facts that the task can not change behind our back:
// fork, exec and exit are notified, and /proc/PID/exe has to fit the identity that is inferred.
import type { TaskIdentity } from "../../event/event.ts";
import { errno } from "../../native/libc.ffi.ts";
import { sys } from "../../native/syscalls.ffi.ts";
import type { EventSink } from "../sensor.ts";
import { Ancestors, type ImageIdentity } from "./ancestors.ts";
import { ExecsUnderWay, exeKey } from "./image-stamp.ts";
import { SWEEP_AT } from "./limits.ts";
import { type TaskStatus, childrenOf, readStatus } from "./proc.ts";
import type { Afterwards } from "./opened.ts";
import type { View, Views } from "./view.ts";

const PIDFD_OPEN = 434;
const PIDFD_SEND_SIGNAL = 424;
const TGKILL = process.arch === "arm64" ? 131 : 234;
const EPERM = 1;
const POLLIN = 1;

/** A view and when it was looked up. */
interface SeenView {
  readonly view: View;
  readonly epoch: number;
}

/** A process of the workload. */
export class Process {
  readonly tgid: number;
  readonly pidfd: number;
  identity: TaskIdentity;
  /** stat key of the running image. */
  exe: string;
  name: string;
  untrusted: boolean;
  /** Children may exist that have not been seen yet. */
  hasForked = false;
  /** Parent when it was first seen; for clone(CLONE_PARENT). */
  readonly ppid: number;
  /** It adopts orphans of its descendants (PR_SET_CHILD_SUBREAPER): who shows it as parent need not be its child. */
  adoptsOrphans = false;
  readonly execs: ExecsUnderWay = new ExecsUnderWay();
  /** -1: read again. */
  umask = -1;
  /** How the task whose call is held sees the filesystem. */
  view: View;
  viewEpoch: number;
  /** Threads may differ in root, working directory and umask (one of them called unshare). */
  splitFs = false;
  /** Children may be born into other namespaces than this process is in. */
  childrenDiffer = false;
  readonly threads: Map<number, Task> = new Map();
  /** Threads may differ in credentials (a thread that is not the leader changed its own). */
  divergent = false;

  constructor(tgid: number, ppid: number, image: ImageIdentity, seen: SeenView) {
    this.tgid = tgid;
    this.ppid = ppid;
    this.pidfd = Number(sys().syscall3(PIDFD_OPEN, tgid, 0, 0));
    this.identity = image.identity;
    this.exe = image.exe;
    this.name = image.name;
    this.untrusted = image.untrusted;
    this.view = seen.view;
    this.viewEpoch = seen.epoch;
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
  /** Its last call changed the umask. */
  umaskPending = false;
  /** Its own view, where threads of its process differ. */
  seen: SeenView | undefined;

  constructor(tid: number, process: Process, status: TaskStatus) {
    this.tid = tid;
    this.process = process;
    this.status = status;
  }
}

/** Outside every model by construction: no digest is all ones. */
function unattributed(width: number): TaskIdentity {
  const id = "f".repeat(width);
  return { taskId: id, pTaskId: id };
}

/** The table. `get` is called for every held event, so the way through it for a known task is three system calls. */
export class TaskTable {
  readonly #sink: EventSink;
  readonly #views: Views;
  readonly #tasks = new Map<number, Task>();
  readonly #processes = new Map<number, Process>();
  readonly #ancestors = new Ancestors();
  #sweepAt = SWEEP_AT;

  constructor(sink: EventSink, views: Views) {
    this.#sink = sink;
    this.#views = views;
  }

  /** Registers the launched process, still the launcher's image. False when it is gone already. */
  addFirst(pid: number): boolean {
    const status = readStatus(pid);
    const exe = exeKey(pid);
    if (status === undefined || exe === undefined) return false;
    const image = { identity: this.#sink.root, exe, name: status.name, untrusted: false };
    this.#add(new Process(status.tgid, status.ppid, image, this.#look(pid)), pid, status);
    return true;
  }

  /** The task of a held event with current identity and credentials; undefined when it is gone or unreadable. */
  get(tid: number): Task | undefined {
    const known = this.#tasks.get(tid);
    if (known !== undefined && alive(known)) return this.#refresh(known);
    if (known !== undefined) this.#forget(known);
    return this.#discover(tid);
  }

  /** A process by any of its thread ids, for signals and ptrace; undefined when it is not of this workload. */
  find(tid: number): Process | undefined {
    const known = this.#tasks.get(tid);
    if (known !== undefined && alive(known)) return known.process;
    const status = readStatus(tid);
    if (status === undefined) return undefined;
    const process = this.#processes.get(status.tgid);
    if (process !== undefined && processAlive(process)) return process;
    return this.#belongs(status) ? this.#discover(tid)?.process : undefined;
  }

  get processes(): ReadonlyMap<number, Process> {
    return this.#processes;
  }

  /** To be called while `process` is held before exec or exit: its children get their identity while it still has its own. */
  adoptChildren(process: Process): void {
    if (!process.hasForked) return;
    process.hasForked = false;
    for (const child of childrenOf(process.tgid)) {
      if (!this.#tasks.has(child)) this.#discover(child);
    }
  }

  /** A fork is about to happen. `sibling`: with CLONE_PARENT. */
  willFork(process: Process, sibling: boolean): void {
    process.hasForked = true;
    if (sibling) this.#ancestors.addMaker(process.ppid, process);
  }

  /** The leader's exec ended all other threads. */
  dropOtherThreads(process: Process): void {
    for (const tid of process.threads.keys()) {
      if (tid === process.tgid) continue;
      this.#drop(process, tid);
    }
  }

  /** Forgets a thread that has ended. */
  #drop(process: Process, tid: number): void {
    const task = process.threads.get(tid);
    if (task?.viewPending === true) this.#views.settle();
    process.threads.delete(tid);
    this.#tasks.delete(tid);
  }

  close(): void {
    this.#views.close();
    for (const process of this.#processes.values()) sys().close(process.pidfd);
    this.#processes.clear();
    this.#tasks.clear();
  }

  #refresh(task: Task): Task | undefined {
    const process = task.process;
    const divergent = process.divergent && task.tid !== process.tgid;
    if (task.stale || divergent || process.execs.some) {
      const status = readStatus(task.tid);
      if (status === undefined) return undefined;
      task.status = status;
      task.stale = false;
    }
    if (process.execs.some && !this.#settleExecs(task)) return undefined;
    if (task.viewPending) {
      task.viewPending = false;
      this.#views.settle();
    }
    if (task.umaskPending) {
      task.umaskPending = false;
      process.umask = -1;
    }
    this.#see(task);
    return task;
  }

  #look(tid: number): SeenView {
    return { view: this.#views.of(tid), epoch: this.#views.epoch };
  }

  #see(task: Task): void {
    const process = task.process;
    if (process.splitFs) {
      if (task.seen === undefined || !this.#views.current(task.seen.epoch))
        task.seen = this.#look(task.tid);
      process.view = task.seen.view;
    } else if (!this.#views.current(process.viewEpoch)) {
      process.view = this.#views.of(task.tid);
      process.viewEpoch = this.#views.epoch;
    }
  }

  /** False when it can not be seen what runs: the task is ending, or not ours to see. */
  #settleExecs(task: Task): boolean {
    const { process } = task;
    const settled = process.execs.settle(task.tid);
    if (settled === undefined || settled === "same") return settled === "same";
    process.exe = settled.exe;
    process.umask = -1;
    this.dropOtherThreads(process);
    settled.run(task);
    return true;
  }

  #discover(tid: number): Task | undefined {
    const status = readStatus(tid);
    if (status === undefined) return undefined;
    const known = this.#processes.get(status.tgid);
    if (known !== undefined && processAlive(known)) {
      const task = new Task(tid, known, status);
      known.threads.set(tid, task);
      this.#tasks.set(tid, task);
      return this.#refresh(task);
    }
    if (known !== undefined) this.#remove(known);
    return this.#newProcess(tid, status);
  }

  #newProcess(tid: number, status: TaskStatus): Task | undefined {
    const exe = exeKey(status.tgid);
    if (exe === undefined) return undefined;
    const from = this.#parentImage(status, exe);
    if (from === undefined) {
      this.#sink.lost(
        "unattributed-task",
        `pid ${status.tgid} (parent ${status.ppid}) fits no known process`,
      );
    }
    const image = {
      identity:
        from === undefined
          ? unattributed(this.#sink.emptyDigest.length)
          : this.#sink.forked(from.identity),
      exe,
      name: status.name,
      untrusted: from?.untrusted ?? false,
    };
    const parent = this.#processes.get(status.ppid);
    const inherits =
      parent !== undefined &&
      !parent.splitFs &&
      !parent.childrenDiffer &&
      this.#views.current(parent.viewEpoch);
    const seen = inherits ? { view: parent.view, epoch: parent.viewEpoch } : this.#look(tid);
    return this.#add(new Process(status.tgid, status.ppid, image, seen), tid, status);
  }

  /** The image that a new process was forked from; undefined when none or more than one fits. */
  #parentImage(status: TaskStatus, exe: string): ImageIdentity | undefined {
    const { ppid } = status;
    const parent = this.#knownParent(ppid);
    const sure = parent !== undefined && !parent.adoptsOrphans && !this.#ancestors.hasMakers(ppid);
    if (sure && parent.exe === exe) return parent;
    // who has ended unnoticed has to be among the candidates, or another one would seem to be the only one
    this.#sweep();
    return this.#ancestors.find(exe, ppid, parent);
  }

  #knownParent(ppid: number): Process | undefined {
    const known = this.#processes.get(ppid);
    if (known !== undefined && processAlive(known)) return known;
    const status = ppid > 1 ? readStatus(ppid) : undefined;
    return status !== undefined && this.#belongs(status)
      ? this.#discover(ppid)?.process
      : undefined;
  }

  /** Whether an unseen process descends from a known one. */
  #belongs(status: TaskStatus): boolean {
    let ppid = status.ppid;
    for (let depth = 0; depth < 64 && ppid > 1; depth++) {
      if (this.#processes.has(ppid)) return true;
      const next = readStatus(ppid);
      if (next === undefined) return false;
      ppid = next.ppid;
    }
    return false;
  }

  #add(process: Process, tid: number, status: TaskStatus): Task {
    const task = new Task(tid, process, status);
    process.threads.set(tid, task);
    this.#processes.set(process.tgid, process);
    this.#tasks.set(tid, task);
    if (this.#processes.size >= this.#sweepAt) this.#sweep();
    return task;
  }

  #forget(task: Task): void {
    if (processAlive(task.process)) {
      this.#drop(task.process, task.tid);
    } else {
      this.#remove(task.process);
    }
  }

  #remove(process: Process): void {
    for (const tid of process.threads.keys()) this.#drop(process, tid);
    this.#processes.delete(process.tgid);
    sys().close(process.pidfd);
    if (process.hasForked) this.#ancestors.addDeparted(process);
  }

  /** Removes exited processes: their pidfds poll as readable. */
  #sweep(): void {
    const all = [...this.#processes.values()];
    const fds = Buffer.alloc(8 * all.length);
    all.forEach((process, index) => {
      fds.writeInt32LE(process.pidfd, 8 * index);
      fds.writeInt16LE(POLLIN, 8 * index + 4);
    });
    sys().poll(fds, all.length, 0);
    all.forEach((process, index) => {
      if (fds.readInt16LE(8 * index + 6) !== 0 && !processAlive(process)) this.#remove(process);
    });
    this.#sweepAt = Math.max(SWEEP_AT, 2 * this.#processes.size);
  }
}

/** Signal 0 through the pidfd: fails with ESRCH once the process was reaped, so a reused pid is never taken for it. */
function processAlive(process: Process): boolean {
  if (process.pidfd < 0) return false;
  return (
    Number(sys().syscall4(PIDFD_SEND_SIGNAL, process.pidfd, 0, 0, 0)) === 0 || errno() === EPERM
  );
}

function alive(task: Task): boolean {
  if (!processAlive(task.process)) return false;
  if (task.tid === task.process.tgid) return true;
  return Number(sys().syscall3(TGKILL, task.process.tgid, task.tid, 0)) === 0 || errno() === EPERM;
}
