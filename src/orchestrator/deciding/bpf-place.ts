// SPDX-License-Identifier: Apache-2.0
// A namespace of the BPF sensor in a thread that decides for many workloads.
import { setTimeout as pause } from "node:timers/promises";
import { pollAll } from "../../native/tsem.ffi.ts";
import type { BpfServer } from "../../sensor/bpf/index.ts";
import { closeRecords, messageOf, prepareBench, progressOf } from "../bench.ts";
import type { Bench } from "../bench.ts";
import { BpfSide } from "../bpf/agent-side.ts";
import type { BpfBench, BpfEnd } from "../bpf/agent-side.ts";
import type { BpfSetup } from "../bpf/setup.ts";
import { ControlError } from "../errors.ts";
import type { NamespaceOrder, ServeOrder, WorkerSetup } from "../worker-protocol.ts";
import { carryOut } from "./control.ts";
import type { ThreadCommons } from "./place.ts";
import type { PlaceMessage } from "./protocol.ts";
import type { Seat } from "./turn-loop.ts";

/** Time that a workload gets to be dead when its place is given up, and between two looks at that. */
const GIVEN_UP_MS = 10_000;
const LOOK_MS = 20;

export class BpfPlace {
  readonly #commons: ThreadCommons;
  readonly #post: (message: PlaceMessage) => void;
  readonly #bpf: BpfSetup;
  readonly #bench: Bench;
  readonly #side = new BpfSide();
  readonly #parts: BpfBench;
  #server: BpfServer | undefined;
  #seat: Seat | undefined;
  #closed = false;

  /** @throws RecordFileError WRITE_FAILED, ModelError, what `RunKeeping` throws */
  constructor(
    { setup, bpf }: { readonly setup: WorkerSetup; readonly bpf: BpfSetup },
    commons: ThreadCommons,
    post: (message: PlaceMessage) => void,
  ) {
    this.#commons = commons;
    this.#post = post;
    this.#bpf = bpf;
    const kill = (reason: string): void => this.#kill(reason);
    this.#bench = prepareBench(setup, { post, kill, programs: this.#side });
    const progress = progressOf(this.#bench, () => this.#side.seal());
    const alive = (): void => this.#commons.loop.longWork();
    this.#parts = { ...this.#bench, progress: { ...progress, alive }, post, kill };
  }

  /** Makes the namespace, or takes it over. */
  async open(): Promise<void> {
    try {
      const { place } = await this.#side.open(this.#parts, this.#bpf);
      this.#post({ type: "ready", bpf: place });
    } catch (error) {
      this.#closed = true;
      await this.#side.close(this.#bench.keeping);
      this.#close();
      this.#post({ type: "no-sensor", message: messageOf(error) });
      this.#post({ type: "gone", why: messageOf(error) });
    }
  }

  /** @throws what `BpfSide.begin` throws; then the caller says `fail` */
  serve(order: ServeOrder): void {
    if (order.sensor !== "bpf") throw new Error("an order for another sensor");
    this.#side.begin(this.#parts, this.#bpf, order);
    const server = this.#side.server(this.#bpf.goneFd);
    const seat: Seat = {
      served: server,
      workload: this,
      ended: () => this.#finish(server),
      failed: (error) => this.fail(error),
      advanced: () => this.#bench.heartbeat.advanced(1),
    };
    this.#server = server;
    this.#seat = seat;
    this.#commons.loop.add(seat);
  }

  join(): never {
    throw new Error(
      "nothing is added to a namespace of the sensor bpf: who is born in it is in it",
    );
  }

  /** @throws ControlError */
  control(order: NamespaceOrder): void {
    if (order.verb !== "seal")
      throw new ControlError("NOT_SUPPORTED", `${order.verb}: not with the sensor bpf`);
    carryOut(order, this.#bench);
    this.#side.seal();
  }

  /** Gives the place back. Of an enforced namespace whose processes go on nobody is set free by that. */
  async leave(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#unseat();
    await (this.#server === undefined
      ? this.#side.close(this.#bench.keeping)
      : this.#side.finish(this.#bench.keeping));
    this.#close();
  }

  /** The run can not go on: the workload is killed, and is refused everything until it is dead. */
  fail(error: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#unseat();
    this.#side.giveUp({ kill: (reason) => this.#kill(reason) }, error);
    this.#post({ type: "failed", message: messageOf(error) });
    this.#commons.track(this.#bury(error).catch(() => undefined));
  }

  async #bury(error: unknown): Promise<void> {
    const until = performance.now() + GIVEN_UP_MS;
    while (pollAll([this.#bpf.goneFd], 0)[0] === 0 && performance.now() < until)
      await pause(LOOK_MS);
    try {
      await this.#side.finish(this.#bench.keeping);
      this.#close();
    } finally {
      this.#post({ type: "gone", why: messageOf(error) });
    }
  }

  #finish(server: BpfServer): void {
    let end: BpfEnd;
    try {
      end = this.#side.end(this.#parts, server.stats);
    } catch (error) {
      this.fail(error);
      return;
    }
    const done = (): void => this.#post(end);
    this.#commons.track(this.leave().then(done, (error: unknown) => this.#tellFailed(error)));
  }

  #tellFailed(error: unknown): void {
    this.#post({ type: "failed", message: messageOf(error) });
    this.#post({ type: "gone", why: messageOf(error) });
  }

  #unseat(): void {
    if (this.#seat !== undefined) this.#commons.loop.remove(this.#seat);
    this.#server?.close();
  }

  #close(): void {
    closeRecords(this.#bench);
    this.#bench.tma.close();
  }

  #kill(reason: string): void {
    this.#side.die();
    this.#post({ type: "kill", reason });
  }
}
