// SPDX-License-Identifier: Apache-2.0
// What the main thread and a thread that decides for many workloads say to each other. `place`: number of a namespace in its thread.
import type { MessagePort } from "node:worker_threads";
import type {
  JoinOrder,
  NamespaceOrder,
  ServeOrder,
  WorkerMessage,
  WorkerSetup,
} from "../worker-protocol.ts";

/** What a thread is started with. */
export interface ThreadData {
  /** Through which orders come; it is only read when the bell rings. */
  readonly port: MessagePort;
  readonly bellFd: number;
  /** Becomes 1 when the thread has loaded its modules. */
  readonly loaded: Int32Array<SharedArrayBuffer>;
}

export type PlaceOrder =
  | { readonly type: "open"; readonly setup: WorkerSetup }
  | { readonly type: "serve"; readonly order: ServeOrder }
  | { readonly type: "join"; readonly order: JoinOrder; readonly ask: number }
  | { readonly type: "control"; readonly order: NamespaceOrder; readonly ask: number }
  /** Gives the place back, whatever it is doing. */
  | { readonly type: "leave"; readonly ask: number };

export interface AddressedOrder {
  readonly place: number;
  readonly order: PlaceOrder;
}

export type ThreadOrder = AddressedOrder | { readonly quit: true };

/** How an order ended that was asked for. */
export interface PlaceAnswer {
  readonly type: "answer";
  readonly ask: number;
  readonly error?: { readonly code: string; readonly message: string };
}

/** Nothing more will come of this place: it has failed. */
export interface PlaceGone {
  readonly type: "gone";
  readonly why: string;
}

/** A listener was closed: its number is free. */
export interface ListenerClosed {
  readonly type: "closed";
  readonly listenerFd: number;
}

export type PlaceMessage = WorkerMessage | PlaceAnswer | PlaceGone | ListenerClosed;

export interface ThreadMessage {
  readonly place: number;
  readonly message: PlaceMessage;
}
