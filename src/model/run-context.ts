// SPDX-License-Identifier: Apache-2.0
// What only the events of a run together tell: who listens, and whether anybody came.
import type { SecurityEvent } from "../event/event.ts";
import type { LearningRun } from "./learning-run.ts";
import type { RunContext } from "./requirement.ts";

/**
 * Reads a run. The kernel asks about an accept when it is called, which for many servers is before anybody has connected: that somebody came
 * is shown by a second accept, or by something new that the same program did after it.
 */
export function contextOfRun({ records }: LearningRun): RunContext {
  const listeners = new Set<string>();
  const repeated = new Set<SecurityEvent>();
  /** Place of the last record of each program. */
  const last = new Map<string, number>();
  const places = new Map<SecurityEvent, number>();
  records.forEach(({ event, count }, place) => {
    if (event.hook === "socket_listen") listeners.add(event.task.taskId);
    last.set(event.task.taskId, place);
    if (event.hook !== "socket_accept") return;
    places.set(event, place);
    if (count > 1) repeated.add(event);
  });
  return {
    listeners,
    accepted: (e) =>
      repeated.has(e) || (last.get(e.task.taskId) ?? -1) > (places.get(e) ?? Number.MAX_VALUE),
  };
}
