// SPDX-License-Identifier: Apache-2.0
// One thread that decides for many workloads: its end in the main thread. When it fails, or hangs, all its workloads fail closed.
import { MessageChannel, type MessagePort, type Worker } from "node:worker_threads";
import { Bell } from "../../native/epoll.ffi.ts";
import { RunError } from "../errors.ts";
import { siblingModule, startThread } from "../thread/index.ts";
import { awaitedFlag, noteHungThread } from "../thread/worker-thread.ts";
import { atMost } from "../waiting.ts";
import type { WorkerCallbacks } from "../worker-client.ts";
import type { WorkerSetup } from "../worker-protocol.ts";
import type { DecidingPlace, Patience } from "./decision-threads.ts";
import { MAX_STALLED_LOOKS, QUIT_MS, YOUNG_HEAP_MB } from "./limits.ts";
import { PlaceClient } from "./place-client.ts";
import type { PlaceOrder, ThreadData, ThreadMessage, ThreadOrder } from "./protocol.ts";

export class DecidingThread {
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #bell = new Bell();
  readonly #places = new Map<number, PlaceClient>();
  readonly #exited: Promise<void>;
  readonly #patience: Patience;
  #lastPlace = 0;
  #failed: string | undefined;
  #lastProgress = 0n;
  #stalledLooks = 0;
  #quits = false;

  constructor(patience: Patience) {
    this.#patience = patience;
    const { port1, port2 } = new MessageChannel();
    const loaded = awaitedFlag();
    const data: ThreadData = { port: port2, bellFd: this.#bell.fd, loaded };
    this.#port = port1;
    this.#worker = startThread(siblingModule(import.meta.url, "thread"), {
      workerData: data,
      transferList: [port2],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_HEAP_MB },
    });
    this.#worker.on("message", (told: ThreadMessage) => {
      this.#places.get(told.place)?.take(told.message);
    });
    this.#worker.on("error", (error) => this.#fail(error.message));
    this.#exited = new Promise((resolve) => {
      this.#worker.on("exit", (code) => {
        // also when it could not: nobody shall wait for it
        Atomics.store(loaded, 0, 1);
        this.#fail(`exit status ${code}`);
        // nobody can answer through them any more: tasks that are still held get ENOSYS
        for (const place of this.#places.values()) place.closeListeners();
        this.#places.clear();
        this.#port.close();
        this.#bell.close();
        resolve();
      });
    });
  }

  /** False once it has failed: it takes no namespace any more. */
  get works(): boolean {
    return this.#failed === undefined && !this.#quits;
  }

  get places(): number {
    return this.#places.size;
  }

  /** @throws RunError WORKER_FAILED, NO_SENSOR */
  async open(
    setup: WorkerSetup,
    callbacks: WorkerCallbacks,
    transfer: readonly MessagePort[],
  ): Promise<DecidingPlace> {
    if (!this.works) throw new RunError("WORKER_FAILED", "the thread that decides has ended");
    const number = ++this.#lastPlace;
    const place = new PlaceClient(setup, callbacks, {
      order: (order) => this.#order({ place: number, order }),
      left: () => this.#places.delete(number),
      patience: this.#patience,
      progress: () => this.#progress(),
      hangs: () => this.#hangs(`it does not give a namespace back`),
    });
    this.#places.set(number, place);
    const order: PlaceOrder = { type: "open", setup };
    this.#order({ place: number, order }, transfer);
    try {
      return await place.ready();
    } catch (error) {
      this.#places.delete(number);
      throw error;
    }
  }

  /** Looks whether one namespace holds the others up. */
  look(nowNs: bigint): void {
    if (!this.works) return;
    const places = [...this.#places.values()];
    // turns in the middle of others' long work: only the one that began last can be who holds them all up
    const last = places.toSorted((a, b) => Number(b.busySince - a.busySince))[0];
    for (const place of places) {
      const heldMs = place.look(
        nowNs,
        () => place === last && places.some((other) => other !== place && other.waits()),
      );
      if (heldMs !== undefined) this.#hangs(`no decision on one event for ${heldMs} ms`);
    }
    this.#lookForStall(places);
  }

  /** Nobody's event is in hand, and still nobody is served. Looks are counted, not time, in which this process may have been stopped. */
  #lookForStall(places: readonly PlaceClient[]): void {
    const progress = this.#progress();
    const stalls =
      progress === this.#lastProgress &&
      places.every(({ busySince }) => busySince === 0n) &&
      places.some((place) => place.waits());
    this.#lastProgress = progress;
    this.#stalledLooks = stalls ? this.#stalledLooks + 1 : 0;
    if (this.#stalledLooks > MAX_STALLED_LOOKS) this.#hangs("calls wait, and none is taken");
  }

  /** Grows with whatever its workloads have done for them. */
  #progress(): bigint {
    return [...this.#places.values()].reduce((sum, place) => sum + place.progress, 0n);
  }

  async close(): Promise<void> {
    this.#quits = true;
    this.#order({ quit: true });
    const ended = await atMost(QUIT_MS, this.#exited);
    if (!ended) noteHungThread();
  }

  #order(order: ThreadOrder, transfer: readonly MessagePort[] = []): void {
    this.#port.postMessage(order, [...transfer]);
    this.#bell.ring();
  }

  /** It may come back one day, but nobody waits for it any more. */
  #hangs(why: string): void {
    noteHungThread();
    this.#fail(`it hangs: ${why}`);
    void this.#worker.terminate();
  }

  #fail(why: string): void {
    if (this.#failed !== undefined) return;
    this.#failed = why;
    for (const place of this.#places.values()) place.fail(why);
  }
}
