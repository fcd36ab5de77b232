// SPDX-License-Identifier: Apache-2.0
// From an event to its security state coefficient, by a mapping chosen by name (mapping/, one file a family), and from an exec to a TASK_ID.
import { ByteWriter } from "../base/bytes.ts";
import type { FileId } from "../event/cell/file.ts";
import type { Coe } from "../event/coe.ts";
import type { HookName, SecurityEvent, TaskIdentity } from "../event/event.ts";
import { CellMemo } from "./cell-memo.ts";
import { ModelError } from "./errors.ts";
import type { Hasher } from "./hasher.ts";
import type { MappingName } from "./mapping-names.ts";
import type { Mapping, MappingFactory } from "./mapping/mapping.ts";
import { quixote2024, quixote2025 } from "./mapping/quixote.ts";
import { putCell, putCoe, putFile } from "./mapping/tsem-v4.ts";

const FACTORIES: Readonly<Record<MappingName, MappingFactory>> = {
  "tsem-v4": tsemV4,
  "quixote-2025": quixote2025,
  "quixote-2024": quixote2024,
};

const EXEC_HOOK = "bprm_committed_creds";

function tsemV4(hasher: Hasher): Mapping {
  const emptyDigest = hasher.hex(new Uint8Array(0));
  return {
    hashesParent: true,
    mapsExec: false,
    baseFirst: false,
    maps: (hook) => hook !== EXEC_HOOK,
    putCoe,
    putCell: (w, e) => putCell(w, e, emptyDigest),
  };
}

/** Maps events of one namespace. Not shared between threads; keeps a scratch buffer and H(COE) of the COE objects it has seen. */
export interface EventMapper {
  readonly mapping: MappingName;
  readonly hasher: Hasher;
  /** Digest of no bytes, hex. */
  readonly emptyDigest: string;
  /** Digest of all zeros, hex: p_task_id of the first program, the default aggregate and base. */
  readonly zeroDigest: string;
  /** True: a base is set before the aggregate is folded in, so that it is part of it (see `createModel`). */
  readonly baseFirst: boolean;
  /** False for a hook whose events this mapping has no place for. */
  maps(hook: HookName): boolean;
  /**
   * Coefficient of an event, hex: H(type | p_task_id | task_id | H(COE) | H(CELL)), without p_task_id in Quixote's mappings. The type of a
   * system call without a hook is `syscall:<name>`. The files of mapping/ say how the parts are made and what an absent member is.
   * Throws `ModelError` NOT_MAPPABLE when the mapping has no place for the event, NOT_A_BEHAVIOUR for an identity record
   * (bprm_committed_creds) that is no point in this mapping.
   */
  coefficient(e: SecurityEvent): string;
  /** H(COE), hex. */
  coeDigest(coe: Coe): string;
  /** H(CELL), hex. Throws as `coefficient` does. */
  cellDigest(e: SecurityEvent): string;
  /** The coefficient from its parts, for callers that keep digests of COE and CELL themselves. */
  join(type: string, task: TaskIdentity, coeDigest: string, cellDigest: string): string;
  /**
   * TASK_ID, hex, of a task whose parent is `pTaskId` and that executed `file` with the credentials `coe` it has afterwards. The kernel
   * gives it whoever models the events, so it is the same in all mappings.
   */
  taskId(pTaskId: string, coe: Coe, file: FileId): string;
}

/** The type under which an event is hashed: its hook, or the name of the system call. */
export function typeOf(e: SecurityEvent): string {
  return e.hook === "syscall" ? `syscall:${e.syscall}` : e.hook;
}

/** A mapper with the digest of the namespace. */
export function createMapper(hasher: Hasher, mapping: MappingName = "tsem-v4"): EventMapper {
  return new DigestMapper(hasher, mapping);
}

class DigestMapper implements EventMapper {
  readonly mapping: MappingName;
  readonly hasher: Hasher;
  readonly emptyDigest: string;
  readonly zeroDigest: string;
  readonly #strategy: Mapping;
  readonly #w = new ByteWriter();
  readonly #memo = new CellMemo();
  readonly #coes = new WeakMap<Coe, string>();
  #lastCoe: Coe | undefined;
  #lastCoeDigest = "";

  constructor(hasher: Hasher, mapping: MappingName) {
    this.mapping = mapping;
    this.hasher = hasher;
    this.emptyDigest = hasher.hex(new Uint8Array(0));
    this.zeroDigest = "0".repeat(hasher.size * 2);
    this.#strategy = FACTORIES[mapping](hasher);
  }

  get baseFirst(): boolean {
    return this.#strategy.baseFirst;
  }

  maps(hook: HookName): boolean {
    return this.#strategy.maps(hook);
  }

  coefficient(e: SecurityEvent): string {
    const type = typeOf(e);
    const coe = this.coeDigest(e.coe);
    this.#putCell(e);
    const { hasher } = this;
    const cell = this.#w.bytes();
    if (hasher.key === undefined) return this.join(type, e.task, coe, hasher.hex(cell));
    const cells = this.#memo.cellsOf(type, e.task, coe);
    const key = hasher.key(cell);
    const known = cells.get(key);
    if (known !== undefined) return known;
    const coefficient = this.join(type, e.task, coe, hasher.hex(cell));
    this.#memo.set(cells, key, coefficient);
    return coefficient;
  }

  cellDigest(e: SecurityEvent): string {
    this.#putCell(e);
    return this.hasher.hex(this.#w.bytes());
  }

  #putCell(e: SecurityEvent): void {
    if (e.hook === EXEC_HOOK && !this.#strategy.mapsExec) {
      throw new ModelError(
        "NOT_A_BEHAVIOUR",
        `${EXEC_HOOK} gives a task its identity and is no point`,
      );
    }
    this.#strategy.putCell(this.#w.reset(), e);
  }

  join(type: string, task: TaskIdentity, coeDigest: string, cellDigest: string): string {
    const w = this.#w.reset().text(type);
    if (this.#strategy.hashesParent) w.id(task.pTaskId);
    w.id(task.taskId).id(coeDigest).hex(cellDigest);
    return this.hasher.hex(w.bytes());
  }

  taskId(pTaskId: string, coe: Coe, file: FileId): string {
    putCoe(this.#w.reset(), coe);
    const who = this.hasher.hex(this.#w.bytes());
    putFile(this.#w.reset(), file);
    const what = this.hasher.hex(this.#w.bytes());
    const w = this.#w
      .reset()
      .text(EXEC_HOOK)
      .hex(pTaskId)
      .zeros(this.hasher.size)
      .hex(who)
      .hex(what);
    return this.hasher.hex(w.bytes());
  }

  /** Sensors share COE objects between events, so H(COE) is nearly always known. */
  coeDigest(coe: Coe): string {
    if (coe === this.#lastCoe) return this.#lastCoeDigest;
    let digest = this.#coes.get(coe);
    if (digest === undefined) {
      this.#strategy.putCoe(this.#w.reset(), coe);
      digest = this.hasher.hex(this.#w.bytes());
      this.#coes.set(coe, digest);
    }
    this.#lastCoe = coe;
    this.#lastCoeDigest = digest;
    return digest;
  }
}
