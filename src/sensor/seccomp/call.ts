// SPDX-License-Identifier: Apache-2.0
// One held call as the handlers see it: its arguments, its task, and the way to a decision.
import type { CellByHook, HookName, SecurityEvent } from "../../event/event.ts";
import type { EventSink } from "../sensor.ts";
import { type Acting, type AgentSelf, asAgent } from "./agent-self.ts";
import type { TaskMemory } from "./memory.ts";
import type { Listener } from "./listener.ts";
import type { Objects } from "./objects.ts";
import { eventOf } from "./event-of.ts";
import { E } from "../file/open-flags.ts";
import { pidFromTask } from "./own-number.ts";
import { NONE, REFUSED, type Reply, fail } from "./reply.ts";
import type { Origin, Resolved } from "./resolve.ts";
import type { SyscallRule } from "./rule.ts";
import { type ExpectedOpen, OpenedAfterwards } from "./opened.ts";
import type { Stat } from "../file/stat.ts";
import type { Task, TaskTable } from "./tasks.ts";
import { Unseen } from "../file/unseen.ts";
import type { Views } from "./view.ts";

/** Errors of a path that do not depend on who asks. */
const FINAL_ERRORS: ReadonlySet<number> = new Set([
  E.NOENT,
  E.NOTDIR,
  E.LOOP,
  E.NAMETOOLONG,
  E.BADF,
]);

/** What handlers share; one per sensor. */
export interface Workbench {
  readonly listener: Listener;
  readonly memory: TaskMemory;
  readonly tasks: TaskTable;
  readonly views: Views;
  readonly objects: Objects;
  readonly self: AgentSelf;
  readonly sink: EventSink;
  /** `enforcing`: refuse what is unknown or can not be described; may be ordered while the workload runs. */
  readonly policy: { enforcing: boolean };
  /** A floor is below: opens that only read are not held. */
  readonly readsUnheld: boolean;
  /** Pids that the workload must never signal or trace: the orchestrator's own. */
  readonly protectedPids: ReadonlySet<number>;
  /** Name of the digest, for addresses of families without a form of their own. */
  readonly digest: string;
}

/** Reused for every event: valid until the handler returns. */
export class Call {
  readonly bench: Workbench;
  readonly #notif: Buffer;
  #task: Task | undefined;
  #rule: SyscallRule | undefined;
  /** Set when a decision was to kill: nothing more is answered. */
  killed = false;
  /** The agent acts for the task and may be allowed less than the task is. */
  #onTrial = false;
  #leftToTask = false;
  #refused = false;

  constructor(bench: Workbench) {
    this.bench = bench;
    this.#notif = bench.listener.notif;
  }

  begin(task: Task, rule: SyscallRule): void {
    this.#task = task;
    this.#rule = rule;
    this.killed = false;
    this.#onTrial = false;
    this.#leftToTask = false;
    this.#refused = false;
  }

  get task(): Task {
    if (this.#task === undefined) throw new Error("no call is being handled");
    return this.#task;
  }

  get rule(): SyscallRule {
    if (this.#rule === undefined) throw new Error("no call is being handled");
    return this.#rule;
  }

  /** Argument as u64. */
  u64(index: number): bigint {
    return this.#notif.readBigUInt64LE(32 + 8 * index);
  }

  /** Low 32 bits of an argument, unsigned. */
  u32(index: number): number {
    return this.#notif.readUInt32LE(32 + 8 * index);
  }

  /** Low 32 bits of an argument, signed: descriptors, pids. */
  i32(index: number): number {
    return this.#notif.readInt32LE(32 + 8 * index);
  }

  /** A pid argument in this process's pid namespace; -1 when nobody has that number in the task's. Not for groups. */
  pid(index: number): number {
    return pidFromTask(this.bench.tasks, this.task, this.i32(index));
  }

  /**
   * Copies a string argument. @returns bytes with their NUL, or the errno that the kernel would give.
   * @throws Unseen when this process may not read the task.
   */
  string(index: number, slot = 0): Buffer | number {
    const read = asAgent(() => this.bench.memory.string(this.task.tid, this.u64(index), slot));
    return this.#readable(read, index);
  }

  /** Copies `size` bytes behind a pointer argument; as `string`. */
  bytes(index: number, size: number): Buffer | number {
    return this.bytesAt(this.u64(index), size);
  }

  /** Copies `size` bytes at an address of the task; as `string`. */
  bytesAt(address: bigint, size: number): Buffer | number {
    const read = asAgent(() => this.bench.memory.bytes(this.task.tid, address, size));
    return this.#readable(read, -1);
  }

  /** Where the path argument next to `dirfd` (an argument index; undefined: the cwd) starts. */
  origin(dirfd: number | undefined): Origin {
    return { task: this.task, dirfd: dirfd === undefined ? -100 : this.i32(dirfd) };
  }

  /** How the agent can act for the task. */
  acting(): Acting {
    const { self } = this.bench;
    const { restricted, view } = this.task.process;
    if (restricted || !self.ownUmask || this.#leftToTask) return "no";
    const { acting, trial } = self.actingFor(this.task.status, view.sameUserNamespace);
    this.#onTrial ||= trial;
    return acting;
  }

  /** Whether `reply` is only that the agent may not do what the task may be able to do: the handler is to be called again. */
  shallBeLeft(reply: Reply): boolean {
    const left =
      this.#onTrial &&
      !this.#refused &&
      reply.kind === "errno" &&
      (reply.errno === E.ACCES || reply.errno === E.PERM);
    if (left) this.#leftToTask = true;
    return left;
  }

  /** Runs `work` with the task's filesystem credentials as far as `acting` says. */
  as<T>(acting: Acting, work: () => T): T {
    return this.bench.self.run(acting, this.task.status, work);
  }

  /**
   * Reply for a path that leads nowhere. Without the task's rights only some errors are the task's errors too.
   * @throws Unseen when the task might get further than this process.
   */
  unresolved(error: number, acting: Acting): Reply {
    if (error === E.MFILE || error === E.NFILE)
      throw new Unseen("agent-limit", `no descriptor is left (errno ${error})`);
    if (acting !== "no" || FINAL_ERRORS.has(error)) return fail(error);
    throw new Unseen("unresolvable-path", `${this.rule.syscall} (errno ${error})`);
  }

  /**
   * Reply for a descriptor number of the task that can not be looked at.
   * @throws Unseen when the task has it, and only this process may not look.
   */
  noDescriptor(result: Resolved): Reply {
    const error = result.kind === "error" ? result.errno : 0;
    if (error === E.BADF) return fail(E.BADF);
    throw new Unseen("unreadable-descriptor", `${this.rule.syscall} (errno ${error})`);
  }

  /** Asks for a decision. undefined: go on; otherwise the reply that ends the call. */
  refusal<H extends HookName>(hook: H, cell: CellByHook[H]): Reply | undefined {
    const { process } = this.task;
    const { sink } = this.bench;
    const event = this.event(hook, cell);
    return this.#carryOut(asAgent(() => sink.decide(event, process.untrusted)));
  }

  /** As `refusal`, for a system call that no hook describes. */
  syscallRefusal(args: readonly bigint[], text?: string): Reply | undefined {
    return this.refusal("syscall", text === undefined ? { args } : { args, text });
  }

  /**
   * The call goes on in the task and opens something that was decided on through its path. Others may rewrite that
   * path meanwhile (threads, processes that share the memory): what was opened is checked at the task's next event.
   */
  expectOpened(stat: Stat, path: string): void {
    this.task.later(this.#opened({ key: stat.key, path }));
  }

  /** As `expectOpened`, of a file that the task makes at `path`; `made` is told of it. */
  expectCreated(path: string, made: (stat: Stat) => void): void {
    this.task.later(this.#opened({ path, made }));
  }

  /** As `expectOpened`: only descriptors of O_PATH may be new. */
  expectPathOnly(): void {
    this.task.later(this.#opened({}));
  }

  #opened(expected: ExpectedOpen): OpenedAfterwards {
    const { readsUnheld } = this.bench;
    return new OpenedAfterwards(this.task, { ...expected, readsUnheld });
  }

  /** Reports a contradiction found afterwards. */
  violation<H extends HookName>(hook: H, cell: CellByHook[H], reason: string): Reply | undefined {
    return this.#carryOut(this.bench.sink.violated(this.event(hook, cell), reason));
  }

  event<H extends HookName>(hook: H, cell: CellByHook[H]): SecurityEvent {
    return eventOf(this.task, hook, cell, this.#rule?.syscall ?? "");
  }

  #carryOut(decision: {
    action: "allow" | "deny" | "kill";
    discipline: boolean;
  }): Reply | undefined {
    if (decision.discipline) this.task.process.discipline();
    if (decision.action === "allow") return undefined;
    this.#refused = true;
    if (decision.action === "deny") return REFUSED;
    this.killed = true;
    return NONE;
  }

  #readable(read: Buffer | number, index: number): Buffer | number {
    if (typeof read !== "number" || read === E.FAULT || read === E.NAMETOOLONG) return read;
    throw new Unseen(
      "unreadable-memory",
      `argument ${index} of ${this.rule.syscall} (errno ${read})`,
    );
  }
}
