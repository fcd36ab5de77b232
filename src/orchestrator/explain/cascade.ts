// SPDX-License-Identifier: Apache-2.0
// Which violations follow from earlier ones: of a process that is untrusted already, or of a program that should not run at all.
import { isProgramUse } from "../../model/runtime/index.ts";
import type { SecurityEvent } from "../../event/index.ts";
import { type Actors, isIdentity } from "../records/actors.ts";
import type { FileRecord } from "../records/record-file.ts";

/** What was before and after a violation. */
export interface Cascade {
  /** The violation that this one follows from. */
  readonly follows?: {
    readonly number: number;
    /** `started`: it started a program of the chain that acts here. */
    readonly how: "same process" | "started";
    /** Path of that program. Untrusted text. */
    readonly program?: string;
  };
  /** Later calls of this process that were refused without being modeled, as far as they are recorded. */
  readonly refused: number;
}

/** f_flags of a file that was opened to be executed. */

/** Looks at all records of a run, in their order. */
export function cascades(
  records: readonly FileRecord[],
  actors: Actors,
): (number: number, event: SecurityEvent) => Cascade {
  const violations = records.filter(
    ({ event, mark }) => !isIdentity(event) && (mark === undefined || mark.kind === "violation"),
  );
  const refused = new Map<number, number>();
  for (const { event, mark } of records) {
    if (mark?.kind !== "refused") continue;
    refused.set(processOf(event), (refused.get(processOf(event)) ?? 0) + 1);
  }
  return (number, event) => {
    const earlier = violations.slice(0, number - 1).map((record) => record.event);
    const later = violations.slice(number).map((record) => record.event);
    const alone = later.every((other) => processOf(other) !== processOf(event));
    const follows = startedBy(event, earlier, actors) ?? sameProcess(event, earlier);
    return {
      ...(follows === undefined ? {} : { follows }),
      // of several violations of a process only the last one is before its refused calls
      refused: alone ? (refused.get(processOf(event)) ?? 0) : 0,
    };
  };
}

function sameProcess(event: SecurityEvent, earlier: readonly SecurityEvent[]): Cascade["follows"] {
  const index = earlier.findIndex((other) => processOf(other) === processOf(event));
  return index < 0 ? undefined : { number: index + 1, how: "same process" };
}

/** The first earlier violation that is the start of a program in the chain of this one. */
function startedBy(
  event: SecurityEvent,
  earlier: readonly SecurityEvent[],
  actors: Actors,
): Cascade["follows"] {
  const chain = actors.chainOf(event.task);
  for (const [index, other] of earlier.entries()) {
    if (other.hook !== "file_open" || !isProgramUse(other.hook, other.cell.file.flags)) continue;
    const { path, digest } = other.cell.file;
    const link = chain.find((actor, i) => {
      const before = chain[i - 1]?.taskId ?? other.task.taskId;
      return (
        actor.program === path.pathname && actor.digest === digest && before === other.task.taskId
      );
    });
    if (link?.program !== undefined)
      return { number: index + 1, how: "started", program: link.program };
  }
  return undefined;
}

function processOf({ tgid, pid }: SecurityEvent): number {
  return tgid ?? pid;
}
