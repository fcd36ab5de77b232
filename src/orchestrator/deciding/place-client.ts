// SPDX-License-Identifier: Apache-2.0
// One namespace of a shared thread: its end in the main thread.
import { POLL_IN, closeFd, pollAll } from "../../native/tsem.ffi.ts";
import { ControlError, RunError } from "../errors.ts";
import { readPulse } from "../heartbeat.ts";
import { atMost } from "../waiting.ts";
import { createJudge } from "../watchdog.ts";
import { Milestones } from "../worker-client.ts";
import type { WorkerCallbacks } from "../worker-client.ts";
import type { JoinOrder, ServeOrder, WorkerSetup } from "../worker-protocol.ts";
import type { DecidingPlace, Patience } from "./decision-threads.ts";
import type { PlaceAnswer, PlaceMessage, PlaceOrder } from "./protocol.ts";

const NO_TSEM = "a shared thread starts no workload in a TSEM namespace";

/** What a place needs of its thread. */
export interface PlaceThread {
  order(order: PlaceOrder): void;
  /** The place was given back. */
  left(): void;
  readonly patience: Patience;
  /** Grows as long as it works for anybody. */
  progress(): bigint;
  /** The thread does not answer. */
  hangs(): void;
}

interface Asked {
  resolve(): void;
  reject(error: Error): void;
}

type Judge = ReturnType<typeof createJudge>;

export class PlaceClient {
  readonly #heartbeat: SharedArrayBuffer;
  readonly #callbacks: WorkerCallbacks;
  readonly #thread: PlaceThread;
  readonly #milestones: Milestones;
  readonly #asked = new Map<number, Asked>();
  #listeners: number[] = [];
  readonly #late: Judge;
  readonly #hangs: Judge;
  #lastAsk = 0;
  #killed = false;
  #ended: string | undefined;

  constructor(setup: WorkerSetup, callbacks: WorkerCallbacks, thread: PlaceThread) {
    this.#heartbeat = setup.heartbeat;
    this.#callbacks = callbacks;
    this.#thread = thread;
    this.#milestones = new Milestones(callbacks);
    const { othersWaitMs, graceMs } = thread.patience;
    this.#late = createJudge(othersWaitMs);
    this.#hangs = createJudge(othersWaitMs + graceMs);
  }

  /** Settles when the namespace is there. @throws RunError WORKER_FAILED, NO_SENSOR */
  async ready(): Promise<DecidingPlace> {
    const { ready, exec, done } = this.#milestones.promises;
    const programs = await ready;
    return {
      programs,
      exec,
      done,
      serve: (order) => this.#serve(order),
      launch: () => Promise.reject(new RunError("WORKER_FAILED", NO_TSEM)),
      control: (order) => this.#ask((ask) => ({ type: "control", order, ask })),
      join: (order) => this.#join(order),
      leave: () => void this.#terminate(),
      terminate: () => this.#terminate(),
    };
  }

  /** The listener is taken, whatever becomes of it. */
  #serve(order: ServeOrder): Promise<readonly string[]> {
    const listenerFd = order.sensor === "seccomp" ? order.listenerFd : undefined;
    if (this.#ended === undefined) {
      if (listenerFd !== undefined) this.#listeners.push(listenerFd);
      this.#thread.order({ type: "serve", order });
    } else if (listenerFd !== undefined) closeFd(listenerFd);
    return this.#milestones.promises.serving;
  }

  /** The listener is taken when this succeeds. */
  #join(order: JoinOrder): Promise<void> {
    const taken = (): void => void this.#listeners.push(order.listenerFd);
    return this.#ask((ask) => ({ type: "join", order, ask }), taken);
  }

  async #terminate(): Promise<void> {
    if (this.#ended !== undefined) return;
    const left = this.#ask((ask) => ({ type: "leave", ask })).catch(() => undefined);
    if (!(await this.#settles(left))) this.#thread.hangs();
    // of a thread that has failed meanwhile the listeners are closed when it has ended
    if (this.#ended !== undefined) return;
    this.#over("the run was ended");
    this.#thread.left();
  }

  /** Whether an order is carried out; the thread may have long work in hand before it. */
  async #settles(asked: Promise<void>): Promise<boolean> {
    const { othersWaitMs, graceMs } = this.#thread.patience;
    for (let before = this.#thread.progress(); ; before = this.#thread.progress()) {
      if (await atMost(othersWaitMs + graceMs, asked)) return true;
      if (this.#thread.progress() === before) return false;
    }
  }

  take(message: PlaceMessage): void {
    switch (message.type) {
      case "answer":
        this.#answered(message);
        return;
      case "closed":
        this.#forget(message.listenerFd);
        return;
      case "gone":
        this.#over(message.why);
        // the thread forgets it, too; nobody waits for that
        this.#thread.order({ type: "leave", ask: ++this.#lastAsk });
        this.#thread.left();
        return;
      default:
        this.#milestones.take(message);
    }
  }

  /** The thread has ended, or hangs: the workload is killed. */
  fail(why: string): void {
    if (this.#ended !== undefined) return;
    this.#callbacks.onKill(`Galgo failed: the thread that decides ended: ${why}`);
    this.#over(why);
  }

  /**
   * Looks at the event in hand: one that takes too long while others wait costs its own workload the life.
   * @returns how long it has been held (ms) once the thread is given up for it; undefined: it goes on
   */
  look(nowNs: bigint, othersWait: () => boolean): number | undefined {
    const pulse = readPulse(this.#heartbeat);
    const lateMs = this.#late(pulse, nowNs);
    const hangsMs = this.#hangs(pulse, nowNs);
    if (lateMs === undefined) {
      this.#killed = false;
      return undefined;
    }
    if (!this.#killed) {
      if (!othersWait()) return undefined;
      this.#killed = true;
      const limit = `limit ${this.#thread.patience.othersWaitMs} ms`;
      const why = `no decision on one event for ${lateMs} ms, while other workloads of its thread wait (${limit})`;
      // as with a deadline that has passed: such a run has not succeeded, whatever comes of the event
      this.#callbacks.onFailed(`the workload was killed: ${why}`);
      this.#callbacks.onKill(why);
    }
    return hangsMs;
  }

  /** Since when an event is in hand (monotonic ns); 0n: none is. */
  get busySince(): bigint {
    return readPulse(this.#heartbeat).busySince;
  }

  /** Grows with each event, and with each piece of long work. */
  get progress(): bigint {
    const { events, progress } = readPulse(this.#heartbeat);
    return events + progress;
  }

  /** Whether a call of this workload waits to be received. */
  waits(): boolean {
    if (this.#listeners.length === 0) return false;
    return pollAll(this.#listeners, 0).some((ready) => (ready & POLL_IN) !== 0);
  }

  /** Only once the thread has ended. */
  closeListeners(): void {
    for (const fd of this.#listeners.splice(0)) closeFd(fd);
  }

  /** @param done called as soon as it is known that it was done */
  #ask(order: (ask: number) => PlaceOrder, done: () => void = () => undefined): Promise<void> {
    if (this.#ended !== undefined)
      return Promise.reject(new ControlError("ENDED", "the workload has ended"));
    const ask = ++this.#lastAsk;
    return new Promise((resolve, reject) => {
      const succeeded = (): void => {
        done();
        resolve();
      };
      this.#asked.set(ask, { resolve: succeeded, reject });
      this.#thread.order(order(ask));
    });
  }

  /** The thread has closed it; the number may be another file's by now. */
  #forget(listenerFd: number): void {
    this.#listeners = this.#listeners.filter((fd) => fd !== listenerFd);
  }

  #answered({ ask, error }: PlaceAnswer): void {
    const asked = this.#asked.get(ask);
    this.#asked.delete(ask);
    if (error === undefined) asked?.resolve();
    else asked?.reject(new ControlError(controlCode(error.code), error.message));
  }

  #over(why: string): void {
    this.#ended ??= why;
    this.#milestones.fail(why);
    for (const { reject } of this.#asked.values())
      reject(new ControlError("ENDED", "the workload has ended"));
    this.#asked.clear();
  }
}

const CODES = ["SEALED", "TOO_LATE", "BAD_VALUE", "NOT_SUPPORTED", "ENDED", "FAILED"] as const;

function controlCode(code: string): (typeof CODES)[number] {
  return CODES.find((known) => known === code) ?? "FAILED";
}
