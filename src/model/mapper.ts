// SPDX-License-Identifier: Apache-2.0
// From an event to its security state coefficient, by a mapping chosen by name (mapping/), and from an exec to a TASK_ID.
import { ByteWriter } from "../base/bytes.ts";
import type { FileId } from "../event/cell/file.ts";
import type { Coe } from "../event/coe.ts";
import type { SecurityEvent } from "../event/event.ts";
import { ModelError } from "./errors.ts";
import type { Hasher } from "./hasher.ts";
import { putCell, putCoe, putFile } from "./mapping/tsem-v4.ts";

/** Names of the mappings. A model is made with one and never mixed. */
export const MAPPING_NAMES = ["tsem-v4"] as const;

export type MappingName = (typeof MAPPING_NAMES)[number];

const EXEC_HOOK = "bprm_committed_creds";

/** Maps events of one namespace. Not shared between threads; keeps a scratch buffer and H(COE) of the COE objects it has seen. */
export interface EventMapper {
  readonly mapping: MappingName;
  readonly hasher: Hasher;
  /** Digest of no bytes, hex. */
  readonly emptyDigest: string;
  /** Digest of all zeros, hex: p_task_id of the first program, the default aggregate and base. */
  readonly zeroDigest: string;
  /**
   * Coefficient of an event, hex: H(type | p_task_id | task_id | H(COE) | H(CELL)). The type of a system call without a hook is
   * `syscall:<name>`. Members absent in a CELL map as zeros, empty or nothing: mapping/tsem-v4.ts says which.
   * Throws `ModelError` NOT_A_BEHAVIOUR for an identity record (bprm_committed_creds).
   */
  coefficient(e: SecurityEvent): string;
  /** TASK_ID, hex, of a task whose parent is `pTaskId` and that executed `file` with the credentials `coe` it has afterwards. */
  taskId(pTaskId: string, coe: Coe, file: FileId): string;
}

/** A mapper with the digest of the namespace. */
export function createMapper(hasher: Hasher, mapping: MappingName = "tsem-v4"): EventMapper {
  return new TsemMapper(hasher, mapping);
}

class TsemMapper implements EventMapper {
  readonly mapping: MappingName;
  readonly hasher: Hasher;
  readonly emptyDigest: string;
  readonly zeroDigest: string;
  readonly #w = new ByteWriter();
  readonly #coes = new WeakMap<Coe, string>();
  #lastCoe: Coe | undefined;
  #lastCoeDigest = "";

  constructor(hasher: Hasher, mapping: MappingName) {
    this.mapping = mapping;
    this.hasher = hasher;
    this.emptyDigest = hasher.hex(new Uint8Array(0));
    this.zeroDigest = "0".repeat(hasher.size * 2);
  }

  coefficient(e: SecurityEvent): string {
    if (e.hook === EXEC_HOOK) {
      throw new ModelError(
        "NOT_A_BEHAVIOUR",
        `${EXEC_HOOK} gives a task its identity and is no point`,
      );
    }
    const type = e.hook === "syscall" ? `syscall:${e.syscall}` : e.hook;
    const coe = this.#coeDigest(e.coe);
    putCell(this.#w.reset(), e);
    const cell = this.hasher.hex(this.#w.bytes());
    const { pTaskId, taskId } = e.task;
    const w = this.#w.reset().text(type).id(pTaskId).id(taskId).id(coe).hex(cell);
    return this.hasher.hex(w.bytes());
  }

  taskId(pTaskId: string, coe: Coe, file: FileId): string {
    const who = this.#coeDigest(coe);
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
  #coeDigest(coe: Coe): string {
    if (coe === this.#lastCoe) return this.#lastCoeDigest;
    let digest = this.#coes.get(coe);
    if (digest === undefined) {
      putCoe(this.#w.reset(), coe);
      digest = this.hasher.hex(this.#w.bytes());
      this.#coes.set(coe, digest);
    }
    this.#lastCoe = coe;
    this.#lastCoeDigest = digest;
    return digest;
  }
}
