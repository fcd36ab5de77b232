// SPDX-License-Identifier: Apache-2.0
// What the loop of the BPF sensor gets out of a record in the ring, and what it does with the decision: the interface between
// the loop (serve), the decoder of records, and those who make keys of behaviours before they happen.
import type { HookName, SecurityEvent, TaskIdentity } from "../../event/event.ts";
import type { DentryId, FileId } from "../../event/cell/file.ts";
import type { Coe } from "../../event/coe.ts";
import type { Decision } from "../sensor.ts";

/** A key as it stands in a record and in the interned set: four 32-bit words. */
export type Key = Uint32Array;

/** What a record says whatever its description holds. Copied: it outlives the record. */
export interface RecordHead {
  readonly hook: HookName;
  /** enum galgo_record_flags (RecordFlag of layout.gen.ts). */
  readonly flags: number;
  readonly slot: number;
  readonly serial: number;
  /** Number of the record in its namespace. */
  readonly sequence: bigint;
  readonly tid: number;
  readonly tgid: number;
  readonly key: Key;
}

/** A record that was understood. */
export interface Told {
  readonly head: RecordHead;
  /**
   * For `bprm_committed_creds` nothing is decided: it is no behaviour of a model, only the source of the next identity. The loop refuses it
   * when the namespace enforces and the process was untrusted; otherwise it concludes it with an allowing decision.
   */
  readonly event: SecurityEvent;
}

/** A key of something that is in the model and may be recognised from now on. */
export interface PrimedKey {
  readonly key: Key;
  /** Coefficient (hex), for `repeated` of the sink. */
  readonly point: string;
}

/** What follows from a decision. Everything here is done before the task gets its answer. */
export interface Conclusion {
  /** The key of the record may be put into the interned set, with `next`. */
  readonly intern: boolean;
  /** Number of the identity that the task has after this exec; 0: no exec. */
  readonly next: number;
  /** Of the object that is being created, for the answer. */
  readonly instance: number;
  /** Further keys: behaviours of atomic hooks that are decided in the kernel alone, so they have to be known there beforehand. */
  readonly primed: readonly PrimedKey[];
}

/** Numbers of identities, as they stand in records and answers. */
export interface IdentityNumbers {
  /** Of the namespace's first task before its first exec. */
  readonly root: number;
  /** Of tasks of which nobody can say what they run. */
  readonly unattributed: number;
  /** An even number; the odd one above it is that of forks. @throws Unseen "identity-limit" */
  numberOf(identity: TaskIdentity): number;
  /** undefined: no such number was given. */
  identityOf(number: number): TaskIdentity | undefined;
}

/** Turns records of one namespace into events. Of one thread; a record is only looked at during the call. */
export interface RecordDecoder {
  readonly identities: IdentityNumbers;
  /** @param at offset of the record in the ring's memory, `bytes` its length. @throws BpfSensorError BAD_RECORD */
  head(at: number, bytes: number): RecordHead;
  /**
   * The event of a record. Hashes contents, which can take long.
   * @throws BpfSensorError BAD_RECORD when the record is not whole or not of these programs
   * @throws Unseen when it can not be described: a loss, and a refusal when the namespace enforces
   */
  tell(at: number, bytes: number): Told;
  /** What follows from the decision on what was told last, asked for once. @throws Unseen "identity-limit" */
  conclude(told: Told, decision: Decision): Conclusion;
  /** Number of the identity to answer with when nothing could be told and the task goes on all the same; 0: no exec. */
  nextAfterLoss(head: RecordHead): number;
}

/** Who acts, as it is keyed. */
export interface SeenActor {
  /** Number of the identity. */
  readonly identity: number;
  readonly coe: Coe;
  /** Unique id of the mount of the task's root, and the inode number of that root. */
  readonly rootMount: bigint;
  readonly rootInode: bigint;
}

/** A file that was told of. */
export interface SeenFile {
  /** It was looked at as something that is run or mapped, not as something that is open. */
  readonly asProgram: boolean;
  /** f_flags. */
  readonly flags: number;
  readonly file: FileId;
  /** The words of its object in the description. */
  readonly words: Uint8Array;
}

/** An object that was told of by its name alone: nothing else of it is in its words. */
export interface SeenObject {
  readonly actor: SeenActor;
  readonly pathname: string;
  readonly dentry: DentryId;
  readonly words: Uint8Array;
}

/** Makes keys of behaviours before they happen. */
export interface Primer {
  /** Somebody acts: keys for what it and its forks may do, each given once. */
  seen(actor: SeenActor): readonly PrimedKey[];
  /** A file is used, and what is keyed names its content for good: keys for what else may be done with it by the same program. */
  seenFile(actor: SeenActor, seen: SeenFile): readonly PrimedKey[];
  /** Whether anything could be done with an object of this name. */
  wantsObject(pathname: string): boolean;
  /** An object was told of: keys for what may be done to it, by whoever was seen. */
  seenObject(seen: SeenObject): readonly PrimedKey[];
}
