// SPDX-License-Identifier: Apache-2.0
// What only the events of a run together tell: who listens, and whether anybody came.
import type { HookName, SecurityEvent } from "../../event/event.ts";
import { activityOf } from "./activity.ts";
import type { ActivityKind } from "./completeness-types.ts";
import type { LearningRun } from "../learning/learning-run.ts";
import type { RunContext } from "./requirement.ts";

/** What is done with the socket of a connection, and hardly with one that listens when a server ends. */
const WITH_CONNECTION: ReadonlySet<HookName> = new Set<HookName>([
  "socket_getpeername",
  "socket_getsockname",
  "socket_setsockopt",
]);
/** What a server does that starts to listen once more, or ends, without ever having had a client. */
const NO_SERVICE: ReadonlySet<ActivityKind> = new Set<ActivityKind>([
  "startup",
  "binds",
  "listens",
  "accepts",
  "removes",
  "signals",
]);

/**
 * Reads a run. The kernel asks about an accept when it is called, which for many servers is before anybody has connected: that somebody came
 * is shown by a second accept, or by something new that the same program did after it, unless that is what servers do anyway.
 */
export function contextOfRun({ records }: LearningRun): RunContext {
  const listens = records.filter(({ event }) => event.hook === "socket_listen");
  const accepted = new Set<SecurityEvent>();
  /** Where each program last served somebody. */
  const served = new Map<string, number>();
  for (const [place, { event }] of records.entries())
    if (serves(event)) served.set(event.task.taskId, place);
  for (const [place, { event, count }] of records.entries()) {
    if (event.hook !== "socket_accept") continue;
    if (count > 1 || (served.get(event.task.taskId) ?? -1) > place) accepted.add(event);
  }
  return {
    listeners: new Set(listens.map(({ event }) => event.task.taskId)),
    accepted: (e) => accepted.has(e),
  };
}

function serves(e: SecurityEvent): boolean {
  if (WITH_CONNECTION.has(e.hook)) return true;
  const kind = activityOf(e);
  return kind !== undefined && !NO_SERVICE.has(kind);
}
