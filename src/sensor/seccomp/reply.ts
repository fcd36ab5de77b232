// SPDX-License-Identifier: Apache-2.0
// What is answered to a held call.
import type { StartedConnection } from "./connecting.ts";

export type Reply =
  /** The kernel runs the call in the task. */
  | { readonly kind: "continue" }
  | { readonly kind: "errno"; readonly errno: number }
  | { readonly kind: "value"; readonly value: bigint }
  | FdReply
  /** The task waits for a connection that the agent has started. */
  | ({ readonly kind: "connecting" } & StartedConnection)
  /** Nothing: the task is being killed. */
  | { readonly kind: "none" };

/** A descriptor of ours is installed in the task as the result, then closed here. */
export interface FdReply {
  readonly kind: "fd";
  readonly fd: number;
  readonly cloexec: boolean;
  /** What is done once the task has the descriptor, before it goes on. @returns 0, or the errno that it gets instead */
  readonly finish?: () => number;
  /** Called at the end, with `fd` still open. */
  readonly release?: (installed: boolean) => void;
}

export const CONTINUE: Reply = { kind: "continue" };
export const NONE: Reply = { kind: "none" };
export const OK: Reply = { kind: "value", value: 0n };

const cache = new Map<number, Reply>();

/** Reply that ends the call with an errno. */
export function fail(errno: number): Reply {
  let reply = cache.get(errno);
  if (reply === undefined) {
    reply = { kind: "errno", errno };
    cache.set(errno, reply);
  }
  return reply;
}

/** EPERM: what a refused call gets. */
export const REFUSED: Reply = fail(1);
