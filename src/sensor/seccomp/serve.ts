// SPDX-License-Identifier: Apache-2.0
// The sensor at work: receive a held call, find its task, let its handler decide, answer. Either as a loop that owns its thread and
// returns when no task of the workload is left, or turn by turn, where a thread serves many.
import { availableParallelism } from "node:os";
import { sys } from "../../native/syscalls.ffi.ts";
import type { EventSink, SensorStats } from "../sensor.ts";
import type { Served, Turn, Watching } from "../served.ts";
import { AgentSelf } from "./agent-self.ts";
import { AUDIT_ARCH, type Machine, X32_BIT, numberOf, thisMachine } from "./arch.ts";
import { Call, type Workbench } from "./call.ts";
import { forbidCoreFiles } from "./core-limit.ts";
import { Connecting } from "./connecting.ts";
import type { HashProgress } from "../file/digest.ts";
import { eventOf } from "./event-of.ts";
import { HANDLERS, type Handler } from "./handlers/index.ts";
import { Listener } from "./listener.ts";
import { CONTINUE, type FdReply, NONE, REFUSED, type Reply, fail } from "./reply.ts";
import type { SyscallRule } from "./rule.ts";
import { forgetFilesystems, statFd } from "../file/stat.ts";
import { TABLE } from "./table.ts";
import { type Process, hasEnded } from "./process.ts";
import type { Task } from "./tasks.ts";
import { isContainer, newBench } from "./workbench.ts";
import { SensorBroken, Unseen, Unwanted } from "../file/unseen.ts";

const ENOSYS = 38;
const ENOENT = 2;

/** Options of `serveSeccomp`. */
export interface ServeOptions {
  readonly listenerFd: number;
  /** The first process, held before its first exec. */
  readonly pid: number;
  /**
   * Who brought it: a launcher of Galgo's (default), or a container runtime. What a runtime's program does after the filter is there and
   * before it execs the container's program is the runtime's: it goes on, is no event, and only that exec is decided on.
   */
  readonly broughtBy?: "launcher" | "container-runtime";
  readonly sink: EventSink;
  /** Name of the namespace's digest, as node:crypto knows it. */
  readonly digest: string;
  /** Digests of large files that only root can change, by content key. New ones are added. */
  readonly programDigests?: Map<string, string>;
  /** Refuse what can not be described. */
  readonly enforcing: boolean;
  /** A floor is below (floor.ts): opens that only read are not held. */
  readonly readsUnheld?: boolean;
  /** Pids that the workload must not signal or trace when enforcing. */
  readonly protectedPids: readonly number[];
  /** Called while long work is under way, and at the begin and end of each event. */
  readonly progress: { begin(): void; end(): void; alive: HashProgress };
  /** Called once before the first call is received, with features found on the way ("sync-wake-up"). */
  readonly ready: (features: readonly string[]) => void;
}

interface Route {
  readonly rule: SyscallRule;
  readonly handler: Handler;
}

/** What the servers of one thread have in common. */
export interface ServerCommons {
  /** Credentials and umask are a thread's. */
  readonly self: AgentSelf;
  /** Digests of files that only root can change, by content key. */
  readonly rootDigests?: Map<string, string>;
}

/** Serves a listener until the workload is gone. Closes the listener. */
export function serveSeccomp(options: ServeOptions): SensorStats {
  const server = new SeccompServer(options);
  try {
    server.start();
    server.loop();
  } finally {
    server.close();
  }
  return server.stats;
}

/** Serves one listener. Another one of the same workload is served beside it by what `join` gives. */
export class SeccompServer implements Served {
  readonly #options: ServeOptions;
  readonly #listener: Listener;
  readonly #connecting: Connecting;
  readonly #bench: Workbench;
  readonly #call: Call;
  readonly #routes: readonly (Route | undefined)[];
  readonly #arch: number;
  /** Others of the same workload use what is on the bench; it is its maker's to close. */
  readonly #isJoined: boolean;
  /** More than one CPU, and a kernel that hands over. */
  #shares = false;
  /** Nobody else waits for the agent: it hands its CPU over to the task that it answers. */
  #alone = false;
  #watching: Watching | undefined;
  /** Whose call is in hand, once that is known. */
  #inHand: Process | undefined;
  #seen = 0n;
  #held = 0n;
  #lost = 0n;

  /** @param joined what the first listener of the same workload is served with */
  constructor(
    options: ServeOptions,
    commons: ServerCommons = { self: new AgentSelf() },
    joined?: Workbench,
  ) {
    this.#options = options;
    this.#isJoined = joined !== undefined;
    this.#listener = new Listener(options.listenerFd);
    this.#connecting = new Connecting(this.#listener);
    const bench = joined ?? newBench(options, commons, this.#listener);
    this.#bench = { ...bench, listener: this.#listener };
    this.#call = new Call(this.#bench);
    const machine = thisMachine();
    this.#arch = AUDIT_ARCH[machine];
    this.#routes = routesOf(machine);
  }

  get listenerFd(): number {
    return this.#listener.fd;
  }

  get stats(): SensorStats {
    return { seen: this.#seen, held: this.#held, lost: this.#lost };
  }

  /** Takes the first task in, and tells what was found on the way. */
  start(): void {
    const { pid, ready } = this.#options;
    const { self, tasks, policy } = this.#bench;
    const features: string[] = [];
    if (this.#listener.handOver(true)) {
      features.push("sync-wake-up");
      this.#shares = availableParallelism() > 1;
      this.#alone = true;
    }
    if (self.ownUmask) features.push("acts-for-task");
    const how = isContainer(this.#options) ? "set-up" : "launched";
    if (!tasks.addFirst(pid, how)) this.#loss("launch", "the first task is gone");
    if (policy.enforcing) forbidCoreFiles(pid);
    ready(features);
  }

  /** Another listener of the same workload: of a task that came into it from outside. Same tasks, objects and decisions. */
  join(options: Pick<ServeOptions, "listenerFd" | "pid" | "ready">): SeccompServer {
    const { self } = this.#bench;
    return new SeccompServer({ ...this.#options, ...options }, { self }, this.#bench);
  }

  /** From now on what is unknown or can not be described is refused; or, with false, is not. */
  enforce(enforcing = true): void {
    const { policy, tasks } = this.#bench;
    policy.enforcing = enforcing;
    if (!enforcing) return;
    for (const pid of tasks.processes.keys()) forbidCoreFiles(pid);
  }

  begin(watching: Watching): void {
    this.#watching = watching;
    this.#connecting.watchedBy(watching);
    watching.watch(this.#listener.fd, "input");
    this.start();
  }

  get dueInMs(): number | undefined {
    return this.#connecting.dueInMs;
  }

  turn(fd: number, othersWait: boolean): Turn {
    if (this.#connecting.some) this.#connecting.look(fd);
    // received only when it is there: to wait for it is the caller's business
    if (fd !== this.#listener.fd && !(fd < 0 && this.#listener.moreWaiting())) return "idle";
    const received = this.#listener.receive();
    if (received === "end") return "ended";
    if (received === "again") return "idle";
    return this.#serveOne(othersWait) ? "more" : "idle";
  }

  /** A signal may have interrupted the call, which then comes again: only of who has ended nobody waits. */
  goesOn(overdue: boolean): void {
    if (overdue)
      throw new Unseen("agent-limit", "content that takes too long to read while others wait");
    const process = this.#inHand;
    if (process !== undefined && hasEnded(process) && !this.#listener.stillHeld())
      throw new Unwanted(`pid ${process.tgid} has ended`);
  }

  close(): void {
    this.#watching?.unwatch(this.#listener.fd);
    this.#connecting.close();
    if (!this.#isJoined) this.#bench.tasks.close();
    sys().close(this.#listener.fd);
  }

  /** Serves until no task of the workload is left. */
  loop(): void {
    for (;;) {
      if (this.#connecting.some && !this.#connecting.attend()) continue;
      const received = this.#listener.receive();
      if (received === "end") return;
      if (received === "again") continue;
      this.#serveOne(false);
    }
  }

  /** @returns whether another call of this listener waits already */
  #serveOne(othersWait: boolean): boolean {
    const { progress, sink } = this.#options;
    progress.begin();
    this.#seen++;
    this.#held++;
    const reply = this.#decide();
    const more = this.#listener.moreWaiting();
    this.#share(more || othersWait);
    this.#answer(reply);
    progress.end();
    // only a further call of this workload will have what waits written: one that rests leaves nothing in memory
    sink.answered(more);
    return more;
  }

  /**
   * One task after the other is fastest on one CPU. With others waiting the agent goes on working on this one, so the
   * task that is answered is woken wherever there is room (make -j2 on two cores: ratio 2.5 -> 1.9).
   */
  #share(moreWaiting: boolean): void {
    if (!this.#shares || this.#alone !== moreWaiting) return;
    this.#alone = !moreWaiting;
    this.#listener.handOver(this.#alone);
  }

  #decide(): Reply {
    const { notif } = this.#listener;
    const nr = notif.readInt32LE(16);
    this.#inHand = undefined;
    try {
      const task = this.#bench.tasks.get(notif.readUInt32LE(8));
      if (task === undefined)
        throw new Unseen("unreadable-task", `thread ${notif.readUInt32LE(8)}`);
      this.#inHand = task.process;
      if (task.process.checks > 0) this.#checkAfterwards(task);
      const foreign = notif.readUInt32LE(20) !== this.#arch || nr >= X32_BIT;
      const route = foreign ? undefined : this.#routes[nr];
      if (route === undefined) return this.#foreign(task, nr);
      return this.#handle(task, route);
    } catch (error) {
      if (error instanceof SensorBroken) throw error;
      // a slip of ours is no reason to let a call pass, nor to kill everybody: counted as lost, which keeps a run from being sealed
      return this.#unseen(error instanceof Unseen ? error : slip(error));
    }
  }

  #handle(task: Task, { rule, handler }: Route): Reply {
    if (task.process.settingUp) {
      if (rule.handler !== "exec") {
        forgetWhatItWas(task);
        return CONTINUE;
      }
      // what it has mounted may have the numbers of what others had
      forgetFilesystems();
    }
    const call = this.#call;
    call.begin(task, rule);
    const reply = handler(call);
    return call.shallBeLeft(reply) ? handler(call) : reply;
  }

  /** 32-bit and x32 entry points: the table does not describe what is called there; that it was, is an event, and never allowed. */
  #foreign(task: Task, nr: number): Reply {
    const { sink } = this.#options;
    if (!this.#bench.policy.enforcing) {
      const detail = `system call ${nr} through another architecture's entry point`;
      this.#loss("foreign-entry-point", detail);
      return CONTINUE;
    }
    const cell = { args: [BigInt.asUintN(32, BigInt(nr))] };
    const event = eventOf(task, "syscall", cell, "foreign-entry-point");
    const decision = sink.decide(event, task.process.untrusted);
    if (decision.discipline) task.process.untrusted = true;
    return decision.action === "kill" ? NONE : fail(ENOSYS);
  }

  #unseen(error: Unseen): Reply {
    // a task that was killed meanwhile leaves nothing to read, and nothing was lost
    if (!this.#listener.stillHeld()) return CONTINUE;
    this.#loss(error.reason, error.detail);
    // should it have been for want of descriptors: those of processes that have ended can go
    this.#bench.tasks.sweep();
    return this.#bench.policy.enforcing ? REFUSED : CONTINUE;
  }

  #checkAfterwards(task: Task): void {
    const { sink } = this.#options;
    const { enforcing } = this.#bench.policy;
    const { process } = task;
    for (const check of this.#bench.tasks.due(task)) {
      const found = check.contradicted(task, this.#bench.objects);
      check.release();
      if (found === undefined) continue;
      // it may have come by a way that is not seen (a message with a descriptor): then what is known is allowed
      const known = enforcing && found.event !== undefined;
      if (known && sink.decide(found.event, process.untrusted).action === "allow") continue;
      const told = eventOf(task, "syscall", { args: [], text: found.text }, "afterwards");
      const decision = sink.violated(found.event ?? told, check.reason);
      if (decision.discipline) process.discipline();
    }
  }

  #loss(reason: string, detail: string): void {
    this.#lost++;
    this.#options.sink.lost(reason, detail);
  }

  #answer(reply: Reply): void {
    const listener = this.#listener;
    switch (reply.kind) {
      case "continue":
        listener.continueCall();
        return;
      case "errno":
        listener.fail(reply.errno);
        return;
      case "value":
        listener.succeed(reply.value);
        return;
      case "fd":
        this.#inject(reply);
        return;
      case "connecting":
        this.#connecting.add(listener.id, listener.notif.readUInt32LE(8), reply);
        return;
      case "none":
        return;
      default:
        reply satisfies never;
    }
  }

  /**
   * Installs the descriptor, then answers with its number. Not in one step (SECCOMP_ADDFD_FLAG_SEND): when a signal or a stop
   * interrupts that, the kernel has noted the answer already and drops the descriptor, and the task's open returns 0.
   */
  #inject(reply: FdReply): void {
    const { fd } = reply;
    const number = this.#listener.installFd(fd, reply.cloexec);
    const error = number < 0 ? -number : (reply.finish?.() ?? 0);
    if (error === 0) this.#listener.succeed(BigInt(number));
    // ENOENT: the task was killed meanwhile
    else if (error !== ENOENT) this.#listener.fail(error);
    reply.release?.(error === 0);
    this.#noteInstalled(fd);
    sys().close(fd);
  }

  /** A sibling thread with an open under way must not be blamed for this descriptor. */
  #noteInstalled(fd: number): void {
    const process = this.#call.task.process;
    if (process.threads.size < 2) return;
    for (const sibling of process.threads.values()) {
      for (const check of sibling.afterwards) check.installed?.(statFd(fd)?.key ?? "");
    }
  }
}

let routes: readonly (Route | undefined)[] | undefined;

/** By system call number. */
function routesOf(machine: Machine): readonly (Route | undefined)[] {
  if (routes !== undefined) return routes;
  const found: (Route | undefined)[] = [];
  for (const rule of TABLE) {
    const nr = numberOf(rule.syscall, machine);
    if (nr >= 0) found[nr] = { rule, handler: HANDLERS[rule.handler] };
  }
  routes = found;
  return found;
}

/** What a runtime does before its exec changes who the process is and what it sees, in calls that nobody looks at. */
function forgetWhatItWas(task: Task): void {
  task.stale = true;
  task.process.divergent = true;
  task.process.viewEpoch = -1;
}

function slip(error: unknown): Unseen {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new Unseen("internal-error", text.split("\n", 3).join(" "));
}
