// SPDX-License-Identifier: Apache-2.0
// One namespace in a thread that decides for many: its agent and records, the sensor that serves it, and what is ordered of it.
import { writeSync } from "node:fs";
import { closeFd } from "../../native/tsem.ffi.ts";
import { SeccompServer } from "../../sensor/seccomp/index.ts";
import type { ServerCommons } from "../../sensor/seccomp/index.ts";
import type { SensorStats } from "../../sensor/sensor.ts";
import { closeRecords, messageOf, prepareBench, progressOf, serveOptions } from "../bench.ts";
import type { Bench } from "../bench.ts";
import { workerResult } from "../worker-result.ts";
import type { JoinOrder, NamespaceOrder, ServeOrder, WorkerSetup } from "../worker-protocol.ts";
import { carryOut } from "./control.ts";
import type { KeptDigests } from "./kept-digests.ts";
import type { PlaceMessage } from "./protocol.ts";
import type { Seat, TurnLoop } from "./turn-loop.ts";

/** What the places of a thread share. */
export interface ThreadCommons {
  readonly loop: TurnLoop;
  readonly digests: KeptDigests;
  /** Credentials and umask of the thread; taken at its first workload. */
  server(digest: string): ServerCommons;
  /** Lets the thread's event loop run until this has settled. */
  track(work: Promise<void>): void;
  /** Called when a place has failed. @throws what is the matter of the whole thread */
  checkThread(): void;
}

export class Place {
  readonly #commons: ThreadCommons;
  readonly #post: (message: PlaceMessage) => void;
  readonly #bench: Bench;
  /** The first one is of the workload's first task. */
  readonly #servers: { readonly server: SeccompServer; readonly seat: Seat }[] = [];
  /** Was handed over, and is not served yet. */
  #unserved: number | undefined;
  /** Of listeners that have ended before the first one. */
  #gone: SensorStats = { seen: 0n, held: 0n, lost: 0n };
  #killFd: number | undefined;
  #closed = false;

  /** @throws RecordFileError WRITE_FAILED, ModelError */
  constructor(setup: WorkerSetup, commons: ThreadCommons, post: (message: PlaceMessage) => void) {
    this.#commons = commons;
    this.#post = post;
    this.#bench = prepareBench(setup, { post, kill: (reason) => this.#kill(reason) });
  }

  /** Begins to serve. A failure ends the run, and the workload with it. */
  serve(order: ServeOrder): void {
    if (order.sensor !== "seccomp") throw new Error("an order for another sensor");
    this.#unserved = order.listenerFd;
    this.#killFd = order.cgroupKillFd;
    const { setup } = this.#bench;
    const { digest } = setup.tma;
    const progress = progressOf(this.#bench, () => this.#sealed());
    const options = serveOptions(this.#bench, order, {
      programDigests: this.#commons.digests.of(setup.stateRoot, digest),
      progress: { ...progress, alive: () => this.#commons.loop.longWork() },
      ready: (features: readonly string[]) => this.#post({ type: "serving", features }),
    });
    const server = new SeccompServer(options, this.#commons.server(digest));
    this.#unserved = undefined;
    this.#take(server);
  }

  /** @throws Error when the workload is not served (any more); the listener is the caller's then */
  join({ listenerFd, pid }: JoinOrder): void {
    const [first] = this.#servers;
    if (first === undefined || this.#closed)
      throw new Error("the workload is not served: nothing can be added to it");
    const server = first.server.join({ listenerFd, pid, ready: () => undefined });
    try {
      this.#take(server);
    } catch (error) {
      this.#servers.pop();
      throw error;
    }
  }

  /** @throws ControlError */
  control(order: NamespaceOrder): void {
    carryOut(order, this.#bench);
    if (order.verb === "seal") this.#sealed();
    if (order.verb === "mode")
      for (const { server } of this.#servers) server.enforce(order.value === "enforce");
  }

  /** Gives the place back. What still waits for an answer gets none. */
  leave(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#unserved !== undefined) this.#closeUnserved(this.#unserved);
    for (const { server, seat } of this.#servers.splice(0).reverse()) {
      this.#commons.loop.remove(seat);
      this.#close(server);
    }
    try {
      closeRecords(this.#bench);
    } finally {
      this.#bench.tma.close();
    }
  }

  /** The run can not go on: the workload is killed first. */
  fail(error: unknown): void {
    this.#kill(`Galgo failed: ${messageOf(error)}`);
    this.#post({ type: "failed", message: messageOf(error) });
    try {
      this.leave();
    } catch {
      // why it failed was said; its records may be what has failed
    }
    this.#post({ type: "gone", why: messageOf(error) });
  }

  #take(server: SeccompServer): void {
    const seat: Seat = {
      served: server,
      workload: this,
      ended: () => this.#ended(server),
      failed: (error) => {
        this.fail(error);
        this.#commons.checkThread();
      },
      advanced: () => this.#bench.heartbeat.advanced(1),
    };
    this.#servers.push({ server, seat });
    this.#commons.loop.add(seat);
  }

  /** With the first listener's last task the workload is gone; another listener may end before. */
  #ended(server: SeccompServer): void {
    if (this.#servers[0]?.server === server) {
      this.#finish();
      return;
    }
    const at = this.#servers.findIndex((one) => one.server === server);
    this.#gone = sum(this.#gone, server.stats);
    this.#servers.splice(at, 1);
    this.#close(server);
  }

  #close(server: SeccompServer): void {
    server.close();
    this.#post({ type: "closed", listenerFd: server.listenerFd });
  }

  #closeUnserved(listenerFd: number): void {
    closeFd(listenerFd);
    this.#post({ type: "closed", listenerFd });
  }

  #finish(): void {
    const { namespace, setup } = this.#bench;
    const stats = this.#servers.map(({ server }) => server.stats).reduce(sum, this.#gone);
    try {
      namespace.finish();
      this.#commons.digests.save(setup.stateRoot, setup.tma.digest);
      const result = workerResult(this.#bench, stats);
      this.leave();
      this.#post({ type: "done", result });
    } catch (error) {
      this.fail(error);
    }
  }

  #sealed(): void {
    if (!this.#bench.namespace.enforcing) return;
    for (const { server } of this.#servers) server.enforce();
  }

  #kill(reason: string): void {
    // the main thread is told first: it also ends what is not in the cgroup
    this.#post({ type: "kill", reason });
    if (this.#killFd === undefined) return;
    try {
      writeSync(this.#killFd, "1");
    } catch {
      // the main thread kills as well
    }
  }
}

function sum(a: SensorStats, b: SensorStats): SensorStats {
  return { seen: a.seen + b.seen, held: a.held + b.held, lost: a.lost + b.lost };
}
