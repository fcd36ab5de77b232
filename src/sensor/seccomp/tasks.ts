// SPDX-License-Identifier: Apache-2.0
// Who is who: processes and threads of the workload, their identity, credentials and trust, kept across fork, exec,
// thread exit and reuse of thread ids. Identity rests on facts that the task can not change behind our back: execs are
// notified and checked, and what a process was forked from shows in what only an exec changes (images.ts).
import type { TaskIdentity } from "../../event/event.ts";
import { sys } from "../../native/syscalls.ffi.ts";
import type { EventSink } from "../sensor.ts";
import type { IdMap } from "./id-map.ts";
import { type NewImage, imageStamp } from "./image-stamp.ts";
import { Images } from "./images.ts";
import { SWEEP_AT } from "./limits.ts";
import type { Afterwards } from "./opened.ts";
import { linkText } from "./link.ts";
import {
  type TaskStatus,
  pidsInNamespaces,
  processIds,
  readProc,
  readStatus,
  shareMemory,
} from "./proc.ts";
import { type Birth, Process, type SeenView, Task, alive, processAlive } from "./process.ts";
import type { Views } from "./view.ts";

export type { Process, Task } from "./process.ts";

const POLLIN = 1;

/** The table. `get` is called for every held event, so the way through it for a known task is three system calls. */
export class TaskTable {
  readonly #sink: EventSink;
  readonly #views: Views;
  readonly #ids: IdMap | undefined;
  readonly #tasks = new Map<number, Task>();
  readonly #processes = new Map<number, Process>();
  readonly #images = new Images();
  /** Of the container. */
  #pidNamespace: string | undefined;
  #sweepAt = SWEEP_AT;
  #restricted = false;

  /** @param ids how numbers of users and groups are told, where they are not ours */
  constructor(sink: EventSink, views: Views, ids?: IdMap) {
    this.#sink = sink;
    this.#views = views;
    this.#ids = ids;
  }

  /** A process has put more restrictions on itself; its children have them too, and it is not always known whose child one is. */
  restrict(process: Process): void {
    process.restricted = true;
    this.#restricted = true;
  }

  /**
   * Registers a process that comes from outside, still the image of what brought it. False when it is gone already.
   * @param how launched: by a launcher of Galgo's, which only execs; set-up: by a container runtime, which has more to do before
   */
  addFirst(pid: number, how: "launched" | "set-up" = "launched"): boolean {
    const status = readStatus(pid);
    const stamp = imageStamp(pid);
    if (status === undefined || stamp === undefined) return false;
    const identity = this.#sink.root;
    const image = this.#images.add({ stamp, identity, untrusted: false });
    if (how === "set-up") this.#pidNamespace ??= linkText(`/proc/${pid}/ns/pid`);
    const inside = this.#inside(status.tgid);
    const birth = { image, identity, name: status.name, untrusted: false, ...inside };
    const process = new Process(status.tgid, status.ppid, birth, this.#look(pid));
    process.settingUp = how === "set-up";
    process.adoptsOrphans = status.isInit;
    // in a long-lived container a number comes again before its last bearer was missed
    const before = this.#processes.get(status.tgid);
    if (before !== undefined) this.#remove(before);
    this.#add(process, pid, status);
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

  /** Whether a thread has been held before. */
  has(tid: number): boolean {
    return this.#tasks.has(tid);
  }

  get processes(): ReadonlyMap<number, Process> {
    return this.#processes;
  }

  /** Outside every model by construction: no digest is all ones. */
  get unattributed(): TaskIdentity {
    const id = "f".repeat(this.#sink.emptyDigest.length);
    return { taskId: id, pTaskId: id };
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
    this.dropOtherThreads(process);
    process.sharesMemory = false;
    process.divergent = false;
    process.settingUp = false;
    image.run(task);
    const { identity, untrusted } = process;
    process.image = this.#images.add({ stamp: image.stamp, identity, untrusted });
    if (this.#images.untidy) this.#images.tidy(this.#stamps());
  }

  /** Images of all processes that there are: one that was never held may be of this workload. */
  #stamps(): Set<string> {
    const known = [...this.#processes.values()].map(({ image }) => image.stamp);
    const others = processIds().filter((pid) => !this.#processes.has(pid));
    return new Set([...known, ...others.map((pid) => imageStamp(pid) ?? "")]);
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
    const stamp = imageStamp(status.tgid);
    if (stamp === undefined) return undefined;
    const parent = this.#knownParent(status.ppid);
    const birth = this.#birth(status, stamp, parent);
    const inherits =
      parent !== undefined &&
      !parent.splitFs &&
      !parent.childrenDiffer &&
      this.#views.current(parent.viewEpoch);
    const seen = inherits ? { view: parent.view, epoch: parent.viewEpoch } : this.#look(tid);
    const process = new Process(status.tgid, status.ppid, birth, seen);
    process.adoptsOrphans = status.isInit;
    const sure = parent !== undefined && isParent(parent);
    process.settingUp = sure && parent.settingUp;
    process.restricted = sure ? parent.restricted : this.#restricted;
    process.sharesMemory =
      parent === undefined || parent.sharesMemory || shareMemory(parent.tgid, status.tgid);
    return this.#add(process, tid, status);
  }

  /** What else its container makes of a process. */
  #inside(tgid: number): Pick<Birth, "ids" | "innerPid"> {
    if (this.#pidNamespace === undefined || linkText(`/proc/${tgid}/ns/pid`) !== this.#pidNamespace)
      return { ids: this.#ids };
    const numbers = pidsInNamespaces(readProc(`/proc/${tgid}/status`) ?? "");
    return { ids: this.#ids, innerPid: numbers?.tgids.at(-1) };
  }

  /** Identity and trust of a process that is seen for the first time. */
  #birth(status: TaskStatus, stamp: string, parent: Process | undefined): Birth {
    const { name } = status;
    const inside = this.#inside(status.tgid);
    const sameImage = parent?.image.stamp === stamp ? parent : undefined;
    const image = this.#images.find(stamp, parent?.image);
    if (image === undefined) {
      const who = `pid ${status.tgid} (parent ${status.ppid})`;
      this.#sink.lost("unattributed-task", `${who} was forked from no image that is known`);
      const identity = this.unattributed;
      return {
        image: { stamp, identity, untrusted: true },
        identity,
        name,
        untrusted: true,
        ...inside,
      };
    }
    // who adopts orphans need not be the parent, and an orphan may come from any process of its image
    const sure = sameImage !== undefined && isParent(sameImage);
    const untrusted = (sameImage?.untrusted ?? false) || (!sure && image.untrusted);
    return { image, identity: this.#sink.forked(image.identity), name, untrusted, ...inside };
  }

  #knownParent(ppid: number): Process | undefined {
    const known = this.#processes.get(ppid);
    if (known !== undefined && processAlive(known)) return this.#asItIs(known);
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
    process.lastTs = monotonic();
    this.#tell("start", process);
    const task = new Task(tid, process, status);
    process.threads.set(tid, task);
    this.#processes.set(process.tgid, process);
    this.#tasks.set(tid, task);
    if (this.#processes.size >= this.#sweepAt) this.sweep();
    return task;
  }

  #forget(task: Task): void {
    if (processAlive(task.process)) {
      this.#drop(task.process, task.tid);
    } else {
      this.#remove(task.process);
    }
  }

  #tell(what: "start" | "end", { tgid, ppid, name, identity, untrusted, lastTs }: Process): void {
    const who = { pid: tgid, ppid, process: name, taskId: identity.taskId, untrusted };
    this.#sink.processSeen?.({ what, ...who, ts: lastTs });
  }

  #remove(process: Process): void {
    this.#tell("end", process);
    for (const tid of process.threads.keys()) this.#drop(process, tid);
    this.#processes.delete(process.tgid);
    sys().close(process.pidfd);
    for (const check of process.left.splice(0)) check.release();
  }

  /** Removes exited processes: their pidfds poll as readable. Those that nobody has waited for keep their place. */
  sweep(): void {
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

function monotonic(): bigint {
  return process.hrtime.bigint();
}

/** Whether who shows this process as its parent was forked from it for sure: not adopted, not made by a sibling of it. */
function isParent({ adoptsOrphans, image }: Process): boolean {
  return !adoptsOrphans && image.makesSiblings !== true;
}
