// SPDX-License-Identifier: Apache-2.0
// What a mapping is: the bytes it takes of an event. How they are digested and put together is the mapper's (mapper.ts).
import type { ByteWriter } from "../../base/bytes.ts";
import type { Coe } from "../../event/coe.ts";
import type { SecurityEvent } from "../../event/event.ts";
import type { Hasher } from "../hasher.ts";

/** The strategy behind a mapping's name. Appends to the writer and keeps nothing of the event. */
export interface Mapping {
  /** False: PTASK_ID is not part of a coefficient. */
  readonly hashesParent: boolean;
  /** True: a bprm_committed_creds event is a point like any other; false: it only gives a task its identity. */
  readonly mapsExec: boolean;
  /** True: the base is part of the aggregate's extend too, because it is set before. False: the aggregate comes first. */
  readonly baseFirst: boolean;
  /** True for the name of a hook (of the vocabulary) whose events can be mapped. */
  maps(hook: string): boolean;
  putCoe(w: ByteWriter, coe: Coe): void;
  /** @throws ModelError NOT_MAPPABLE when the event has no place in this mapping */
  putCell(w: ByteWriter, e: SecurityEvent): void;
}

/** Makes the strategy for the digest of a namespace. */
export type MappingFactory = (hasher: Hasher) => Mapping;
