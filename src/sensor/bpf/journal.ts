// SPDX-License-Identifier: Apache-2.0
// What only the agent of a namespace knows, and the kernel does not: told to a journal, so that another agent can go on with a
// namespace that the kernel has kept after its agent was killed.
import type { TaskIdentity } from "../../event/event.ts";
import type { SeenActor, SeenObject } from "./types.ts";

/** A change of what is known of objects that the namespace makes. */
export type CreatedChange =
  /** `owner` (TASK_ID) and directory, as one text; how many objects were made there. */
  | { readonly counter: string; readonly count: number }
  /** A temporary directory was made, or is none any more; `root` is the root directory of who did it. */
  | { readonly root: string; readonly pathname: string; readonly temporary: boolean };

/** A behaviour that the programs recognise. */
export interface KeptKey {
  /** Four halves, as they stand in the table. */
  readonly key: Uint32Array;
  /** Number of the identity that an exec leads to; 0: no exec. */
  readonly next: number;
  /** Coefficient (hex); undefined: an exec. */
  readonly point: string | undefined;
}

/** How far the agent has come. */
export interface AgentProgress {
  /** Records taken so far, how many of them were held, and how many the programs had refused. */
  readonly records: bigint;
  readonly held: bigint;
  readonly refused: bigint;
  /** Events without a record, as the programs had counted them by then. */
  readonly lost: bigint;
}

/**
 * Takes what the agent has found out. It may wait until `commit`, which is called before any task or program can see what follows
 * from it. One that can not be written is given up: the namespace is served on, and nobody can go on with it afterwards.
 */
export interface AgentJournal {
  /** The identity with the next number. */
  identity(identity: TaskIdentity): void;
  /** The key with the next number. */
  key(key: KeptKey): void;
  /** How often keys were met (by number) in tables that are gone. */
  carried(counts: BigUint64Array): void;
  created(change: CreatedChange): void;
  /** The primer has met somebody. */
  actor(actor: SeenActor): void;
  /** The primer has met an object. */
  object(seen: SeenObject): void;
  /** Kept at once, without `commit`. */
  progress(progress: AgentProgress): void;
  commit(): void;
}

/** What a journal has kept, in the order in which it was told. */
export interface KeptAgent extends AgentProgress {
  readonly identities: readonly TaskIdentity[];
  readonly keys: readonly KeptKey[];
  readonly carried: BigUint64Array;
  readonly created: readonly CreatedChange[];
  readonly actors: readonly SeenActor[];
  readonly objects: readonly SeenObject[];
}

/** What happened while a namespace had no agent, as far as the programs could tell. */
export interface Gap {
  /** Asked about in vain: refused where a model is enforced, else allowed. */
  readonly asked: number;
  /** Refused by the programs, as nobody can wait there. */
  readonly refused: number;
  /** Allowed and recorded, as nobody can wait there. */
  readonly allowed: number;
  /** Without a record: the ring was full. */
  readonly lost: bigint;
}
