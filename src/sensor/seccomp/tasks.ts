// SPDX-License-Identifier: Apache-2.0
// Who is who: processes and threads of the workload, their identity, credentials and trust, kept across fork, exec,
// thread exit and reuse of thread ids. Identity rests on facts that the task can not change behind our back:
// fork, exec and exit are notified, and /proc/PID/exe has to fit the identity that is inferred.
import type { TaskIdentity } from "../../event/event.ts";
import { sys } from "../../native/syscalls.ffi.ts";
import type { EventSink } from "../sensor.ts";
import { Ancestors, type ImageIdentity } from "./ancestors.ts";
import { type NewImage, exeKey } from "./image-stamp.ts";
import { SWEEP_AT } from "./limits.ts";
import type { Afterwards } from "./opened.ts";
import { type TaskStatus, childrenOf, readStatus } from "./proc.ts";
import { Process, type SeenView, Task, alive, processAlive } from "./process.ts";
import type { Views } from "./view.ts";

export type { Process, Task } from "./process.ts";

const POLLIN = 1;

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
    if (known !== undefined && alive(known)) return this.#asItIs(known.process);
    const status = readStatus(tid);
    if (status === undefined) return undefined;
    const process = this.#processes.get(status.tgid);
    if (process !== undefined && processAlive(process)) return this.#asItIs(process);
    return this.#belongs(status) ? this.#discover(tid)?.process : undefined;
  }

  /** Checks that are due now that `task` is held: its own, and those of threads that have ended. */
  due(task: Task): Afterwards[] {
    const { process } = task;
    if (process.checks === 0) return [];
    for (const thread of process.threads.values()) {
      if (thread === task || (thread.afterwards.length > 0 && !alive(thread)))
        process.left.push(...thread.afterwards.splice(0));
    }
    const due = process.left.splice(0);
    process.checks -= due.length;
    return due;
  }

  get processes(): ReadonlyMap<number, Process> {
    return this.#processes;
  }

  /** Outside every model by construction: no digest is all ones. */
  get unattributed(): TaskIdentity {
    const id = "f".repeat(this.#sink.emptyDigest.length);
    return { taskId: id, pTaskId: id };
  }

  /** To be called while `process` is held before exec or exit: its children get their identity while it still has its own. */
  adoptChildren(process: Process): void {
    if (!process.hasForked) return;
    // a child that another thread is about to make is not there yet
    process.hasForked = [...process.threads.values()].some(({ forking }) => forking);
    for (const child of childrenOf(process.tgid)) {
      if (!this.#tasks.has(child)) this.#discover(child);
    }
  }

  /** A fork is about to happen. `sibling`: with CLONE_PARENT. */
  willFork(task: Task, sibling: boolean): void {
    const { process } = task;
    process.hasForked = true;
    task.forking = true;
    if (sibling) this.#ancestors.addMaker(readStatus(task.tid)?.ppid ?? process.ppid, process);
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
    if (task !== undefined) process.left.push(...task.afterwards.splice(0));
    process.threads.delete(tid);
    this.#tasks.delete(tid);
  }

  close(): void {
    for (const process of [...this.#processes.values()]) this.#remove(process);
    this.#views.close();
  }

  #refresh(task: Task): Task | undefined {
    const process = task.process;
    task.forking = false;
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
    this.#became(task, settled);
    return true;
  }

  #became(task: Task, image: NewImage): void {
    const { process } = task;
    // what its threads forked to the last is there now, and has the image before this one
    this.dropOtherThreads(process);
    task.forking = false;
    this.adoptChildren(process);
    process.exe = image.exe;
    process.sharesMemory = false;
    process.umask = -1;
    process.divergent = false;
    image.run(task);
  }

  /** For others to look at: an exec may have taken place although no thread was held since. */
  #asItIs(process: Process): Process {
    const image = process.execs.some ? process.execs.look(process.tgid) : undefined;
    const status = image === undefined ? undefined : readStatus(process.tgid);
    if (image === undefined || status === undefined) return process;
    const task = process.threads.get(process.tgid) ?? new Task(process.tgid, process, status);
    task.status = status;
    process.threads.set(task.tid, task);
    this.#tasks.set(task.tid, task);
    this.#became(task, image);
    return process;
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
      identity: from === undefined ? this.unattributed : this.#sink.forked(from.identity),
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
    const process = new Process(status.tgid, status.ppid, image, seen);
    process.adoptsOrphans = status.isInit;
    process.sharesMemory = parent?.sharesMemory ?? true;
    return this.#add(process, tid, status);
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
    for (const check of process.left.splice(0)) check.release();
    if (process.hasForked && !process.ended) this.#ancestors.addDeparted(process);
  }

  /** Removes exited processes: their pidfds poll as readable. Those that nobody has waited for keep their place. */
  #sweep(): void {
    const all = [...this.#processes.values()];
    const fds = Buffer.alloc(8 * all.length);
    all.forEach((process, index) => {
      fds.writeInt32LE(process.pidfd, 8 * index);
      fds.writeInt16LE(POLLIN, 8 * index + 4);
    });
    sys().poll(fds, all.length, 0);
    all.forEach((process, index) => {
      if (fds.readInt16LE(8 * index + 6) === 0) return;
      if (!processAlive(process)) this.#remove(process);
      else if (process.hasForked && !process.ended) this.#ancestors.addDeparted(process);
      process.ended = true;
    });
    this.#sweepAt = Math.max(SWEEP_AT, 2 * this.#processes.size);
  }
}
