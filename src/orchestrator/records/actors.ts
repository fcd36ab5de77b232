// SPDX-License-Identifier: Apache-2.0
// Who is behind a TASK_ID: the programs from the first one of a namespace down to the acting one, found through identity
// records (bprm_committed_creds), which give the file behind each id.
import type { EventOf, SecurityEvent, TaskIdentity } from "../../event/event.ts";
import { isUntold } from "../../event/index.ts";

export type IdentityRecord = EventOf<"bprm_committed_creds">;

/** One program of a chain. */
export interface Actor {
  /** Path of the program; undefined when no identity record tells. */
  readonly program: string | undefined;
  /** Content digest of the program. */
  readonly digest: string | undefined;
  readonly taskId: string;
  /** True when the process was forked from this program and has not become another one. */
  readonly forked: boolean;
}

/** What acts before the first exec of a namespace: the launcher. */
const STARTER = "galgo";
/** A chain longer than this is cut: programs that start themselves over and over. */
const MAX_CHAIN = 32;

/** Identity records by TASK_ID. */
export class Actors {
  readonly #records = new Map<string, IdentityRecord>();

  /** Returns false when this identity was known. */
  add(record: IdentityRecord): boolean {
    if (this.#records.has(record.task.taskId)) return false;
    this.#records.set(record.task.taskId, record);
    return true;
  }

  get(taskId: string): IdentityRecord | undefined {
    return this.#records.get(taskId);
  }

  /** Every identity record, in the order they came. */
  all(): IdentityRecord[] {
    return [...this.#records.values()];
  }

  /** Path of the program behind a TASK_ID. */
  programOf(taskId: string): string | undefined {
    return this.#records.get(taskId)?.cell.file.path.pathname;
  }

  /** Identity records that a reader needs to name everybody in the chain of `task`, first program first. */
  recordsOf(task: TaskIdentity): IdentityRecord[] {
    return this.chainOf(task).flatMap((actor) => this.#records.get(actor.taskId) ?? []);
  }

  /** The chain of a task, first program first; the last one acts. */
  chainOf(task: TaskIdentity): Actor[] {
    const forked = task.taskId === task.pTaskId && !isRoot(task.taskId);
    const chain: Actor[] = [this.#actor(task.taskId, forked)];
    const seen = new Set([task.taskId]);
    // after a fork both ids are the parent program's: go on with what that program was started by
    let next = forked ? this.#records.get(task.taskId)?.task.pTaskId : task.pTaskId;
    while (next !== undefined && !isRoot(next) && !seen.has(next) && chain.length < MAX_CHAIN) {
      chain.push(this.#actor(next, false));
      seen.add(next);
      next = this.#records.get(next)?.task.pTaskId;
    }
    return chain.reverse();
  }

  #actor(taskId: string, forked: boolean): Actor {
    const file = this.#records.get(taskId)?.cell.file;
    const program = file?.path.pathname ?? (isRoot(taskId) ? STARTER : undefined);
    return { program, digest: file?.digest, taskId, forked };
  }
}

/** The id of "before the first exec": all zeros. */
function isRoot(taskId: string): boolean {
  return /^0*$/.test(taskId);
}

/** True for the records that only say who is who. An exec of which the program is not told says nothing. */
export function isIdentity(event: SecurityEvent): event is IdentityRecord {
  return event.hook === "bprm_committed_creds" && !isUntold(event);
}
