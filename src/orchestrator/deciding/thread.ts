// SPDX-License-Identifier: Apache-2.0
// A thread that decides for many workloads. It sleeps in the kernel until one of them wants a turn, or there are orders; its event
// loop runs only while an order takes time.
import { setImmediate as eventLoop } from "node:timers/promises";
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { Bell } from "../../native/epoll.ffi.ts";
import { closeFd } from "../../native/tsem.ffi.ts";
import { AgentSelf, requireOwnCredentials } from "../../sensor/seccomp/index.ts";
import { CodedError } from "../../base/errors.ts";
import { messageOf } from "../bench.ts";
import type { ServeOrder, WorkerSetup } from "../worker-protocol.ts";
import { BpfPlace } from "./bpf-place.ts";
import { KeptDigests } from "./kept-digests.ts";
import { MAX_SLEEP_MS, PENDING_SLEEP_MS } from "./limits.ts";
import { Place } from "./place.ts";
import type { ThreadCommons } from "./place.ts";
import type {
  AddressedOrder,
  PlaceOrder,
  ThreadData,
  ThreadMessage,
  ThreadOrder,
} from "./protocol.ts";
import { TurnLoop } from "./turn-loop.ts";

const { port, bellFd, loaded } = workerData as ThreadData;
const bell = new Bell(bellFd);
const loop = new TurnLoop(bellFd, takeOrdersBeside);
const places = new Map<number, Place | BpfPlace>();
const rootDigests = new Map<string, Map<string, string>>();
let self: AgentSelf | undefined;
/** Orders that take time. */
let underWay = 0;
/** Orders for workloads that had their turn when they came. */
const postponed: AddressedOrder[] = [];
let tookOrdersBeside = false;
let quits = false;

const commons: ThreadCommons = {
  loop,
  digests: new KeptDigests(),
  server: (digest) => {
    self ??= new AgentSelf();
    const known = rootDigests.get(digest) ?? new Map<string, string>();
    rootDigests.set(digest, known);
    return { self, rootDigests: known };
  },
  track,
  checkThread: requireOwnCredentials,
};

function post(place: number, message: ThreadMessage["message"]): void {
  const told: ThreadMessage = { place, message };
  parentPort?.postMessage(told);
}

/** @returns false when the thread is to end */
function takeOrders(): boolean {
  tookOrdersBeside = false;
  for (const { place, order } of postponed.splice(0)) obey(place, order);
  for (const message of orders()) {
    if ("quit" in message) return false;
    obey(message.place, message.order);
  }
  return !quits;
}

/** In the middle of long work: what is ordered of others is done at once, in the sequence in which it was ordered. */
function takeOrdersBeside(): void {
  tookOrdersBeside = true;
  for (const message of orders()) {
    if ("quit" in message) quits = true;
    else if (isInHand(message.place)) postponed.push(message);
    else obey(message.place, message.order);
  }
}

function* orders(): Generator<ThreadOrder> {
  bell.hush();
  for (;;) {
    const received: { message: ThreadOrder } | undefined = receiveMessageOnPort(port);
    if (received === undefined) return;
    yield received.message;
  }
}

function isInHand(number: number): boolean {
  const place = places.get(number);
  const waits = postponed.some((order) => order.place === number);
  return waits || (place !== undefined && loop.hasInHand(place));
}

function obey(number: number, order: PlaceOrder): void {
  switch (order.type) {
    case "open":
      track(open(number, order.setup));
      return;
    case "serve":
      serve(number, order.order);
      return;
    case "leave":
      answered(number, order.ask, () => leave(number));
      return;
    case "join":
      answered(number, order.ask, () => placeOf(number).join(order.order));
      return;
    case "control":
      answered(number, order.ask, () => placeOf(number).control(order.order));
      return;
    default:
      order satisfies never;
  }
}

/** Lets the event loop run until it has settled. */
function track(work: Promise<void>): void {
  underWay += 1;
  const settled = (): void => {
    underWay -= 1;
  };
  work.then(settled, settled);
}

async function open(number: number, setup: WorkerSetup): Promise<void> {
  try {
    const { tsem, bpf } = setup;
    if (tsem !== undefined) throw new Error("this sensor is not served in a shared thread");
    const tell = (message: ThreadMessage["message"]): void => post(number, message);
    if (bpf !== undefined) {
      const place = new BpfPlace({ setup, bpf }, commons, tell);
      places.set(number, place);
      await place.open();
      return;
    }
    places.set(number, new Place(setup, commons, tell));
    post(number, { type: "ready" });
  } catch (error) {
    post(number, { type: "failed", message: messageOf(error) });
    post(number, { type: "gone", why: messageOf(error) });
  }
}

function leave(number: number): void | Promise<void> {
  const place = places.get(number);
  places.delete(number);
  return place?.leave();
}

function serve(number: number, order: ServeOrder): void {
  const place = places.get(number);
  if (place === undefined) {
    // it was given back meanwhile
    if (order.sensor !== "seccomp") return;
    closeFd(order.listenerFd);
    post(number, { type: "closed", listenerFd: order.listenerFd });
    return;
  }
  try {
    place.serve(order);
  } catch (error) {
    place.fail(error);
    commons.checkThread();
  }
}

function placeOf(number: number): Place | BpfPlace {
  const place = places.get(number);
  if (place === undefined) throw new Error(`no namespace has the place ${number}`);
  return place;
}

/** What takes no time is answered at once: promises do not settle in the middle of long work. */
function answered(place: number, ask: number, work: () => void | Promise<void>): void {
  const done = (): void => post(place, { type: "answer", ask });
  const failed = (error: unknown): void => {
    const code = error instanceof CodedError ? error.code : "";
    post(place, { type: "answer", ask, error: { code, message: messageOf(error) } });
  };
  try {
    const settling = work();
    if (settling === undefined) done();
    else track(settling.then(done, failed));
  } catch (error) {
    failed(error);
  }
}

async function run(): Promise<void> {
  Atomics.store(loaded, 0, 1);
  Atomics.notify(loaded, 0);
  for (;;) {
    const rung = loop.round(underWay > 0 ? PENDING_SLEEP_MS : MAX_SLEEP_MS);
    const ordered = rung || tookOrdersBeside;
    if (ordered && !takeOrders()) break;
    // ports are closed, and promises settle, on the event loop
    if (ordered || underWay > 0) await eventLoop();
  }
  await Promise.allSettled([...places.values()].map(async (place) => place.leave()));
  loop.close();
  port.close();
}

void run();
