// SPDX-License-Identifier: Apache-2.0
// Carries recorded events over to other rules: TASK_IDs were made from executables under the rules of the run, so under other rules
// they are made anew from the identity records (bprm_committed_creds), and every member that holds one is replaced.
import type { FileId, PathId } from "../../event/cell/file.ts";
import type { SockId } from "../../event/cell/socket.ts";
import type { Coe } from "../../event/coe.ts";
import type { EventOf, SecurityEvent, TaskIdentity } from "../../event/event.ts";
import { HOOKS, isUntold } from "../../event/index.ts";
import type { FieldKind, KindValue } from "../../event/layout.ts";
import { ModelError } from "../errors.ts";
import type { EventMapper } from "../mapper.ts";
import { programName } from "../rules/path-rules.ts";
import type { Profile } from "../rules/profile.ts";

/** Who stands behind a TASK_ID. */
export interface IdentityRecord {
  readonly taskId: string;
  readonly pTaskId: string;
  readonly file: FileId;
  readonly coe: Coe;
  /** comm and pid of the first task that got this identity. */
  readonly process: string;
  readonly pid: number;
}

type ExecRecord = EventOf<"bprm_committed_creds">;

/**
 * Tells the profile who is behind the TASK_IDs of identity records, so that its rules of programs hold for their events. Believed are records
 * that prove it: whose TASK_ID is the digest of what they say. Other events and records are passed over.
 */
export function namePrograms(
  events: Iterable<SecurityEvent>,
  { mapper, profile }: { readonly mapper: EventMapper; readonly profile: Profile },
): void {
  for (const e of events) {
    if (e.hook !== "bprm_committed_creds" || isUntold(e)) continue;
    const image = profile.rewriteExecutable(e.cell.file);
    if (mapper.taskId(e.task.pTaskId, e.coe, image) === e.task.taskId)
      profile.named(e.task.taskId, programName(image.path));
  }
}

/** New TASK_IDs for recorded ones. The profile is told which programs are behind them. */
export class IdentityMap {
  /** By the new TASK_ID. */
  readonly identities: Map<string, IdentityRecord> = new Map();
  readonly #mapper: EventMapper;
  readonly #profile: Profile;
  readonly #renamed = new Map<string, string>();
  #changed = false;

  constructor(mapper: EventMapper, profile: Profile) {
    this.#mapper = mapper;
    this.#profile = profile;
    this.#renamed.set(mapper.zeroDigest, mapper.zeroDigest);
  }

  /**
   * Takes an identity record; in the order they were recorded. Throws `ModelError` AMBIGUOUS_IDENTITY when one recorded id
   * would become two: the run was recorded under rules that tell less apart.
   */
  learn(e: ExecRecord): void {
    const pTaskId = this.#known(e.task.pTaskId);
    const file = this.#file(e.cell.file);
    const image = this.#profile.rewriteExecutable(file);
    const taskId = this.#mapper.taskId(pTaskId, e.coe, image);
    this.#profile.named(taskId, programName(image.path));
    const before = this.#renamed.get(e.task.taskId);
    if (before !== undefined && before !== taskId) {
      throw new ModelError(
        "AMBIGUOUS_IDENTITY",
        `recorded task id ${e.task.taskId} stands for two programs under these rules; record the run with them`,
      );
    }
    this.#renamed.set(e.task.taskId, taskId);
    this.#changed ||= taskId !== e.task.taskId;
    if (!this.identities.has(taskId)) {
      const { process, pid, coe } = e;
      this.identities.set(taskId, { taskId, pTaskId, file, coe, process, pid });
    }
  }

  /** The event with new ids; `e` itself when the ids stay. Throws `ModelError` UNKNOWN_IDENTITY when an id has no record. */
  apply(e: SecurityEvent): SecurityEvent {
    if (!this.#changed) return e;
    const cell: Record<string, unknown> = { ...e.cell };
    for (const { member, kind } of HOOKS[e.hook].cell) {
      if (cell[member] !== undefined) cell[member] = this.#value(kind, cell[member]);
    }
    // Members keep their kinds, which the compiler cannot follow through the table.
    return { ...e, task: this.#task(e.task), cell } as unknown as SecurityEvent;
  }

  #task({ taskId, pTaskId }: TaskIdentity): TaskIdentity {
    return { taskId: this.#id(taskId), pTaskId: this.#id(pTaskId) };
  }

  /** A recorded id whose record is missing keeps its value as long as no other changes. */
  #known(id: string): string {
    return this.#renamed.get(id) ?? id;
  }

  #id(id: string): string {
    const renamed = this.#renamed.get(id);
    if (renamed !== undefined) return renamed;
    throw new ModelError(
      "UNKNOWN_IDENTITY",
      `the records hold no identity for task id ${id}, so they cannot be carried over to other rules`,
    );
  }

  #value(kind: FieldKind, value: unknown): unknown {
    switch (kind) {
      case "task":
        return this.#known(value as KindValue["task"]);
      case "file":
        return this.#file(value as KindValue["file"]);
      case "path":
        return this.#path(value as KindValue["path"]);
      case "dentry": {
        const dentry = value as KindValue["dentry"];
        return { ...dentry, path: this.#path(dentry.path) };
      }
      case "sock":
        return this.#sock(value as KindValue["sock"]);
      case "perm": {
        const perm = value as KindValue["perm"];
        return { ...perm, owner: this.#known(perm.owner) };
      }
      default:
        return value;
    }
  }

  #file(file: FileId): FileId {
    return file.path.owner === undefined ? file : { ...file, path: this.#path(file.path) };
  }

  #path(path: PathId): PathId {
    return path.owner === undefined ? path : { ...path, owner: this.#known(path.owner) };
  }

  #sock(sock: SockId): SockId {
    return sock.owner === undefined ? sock : { ...sock, owner: this.#known(sock.owner) };
  }
}
