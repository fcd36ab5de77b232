// SPDX-License-Identifier: Apache-2.0
// From the objects of a record to the parts of a CELL: inode, path, dentry, file.
import { decodePath } from "../../base/path-text.ts";
import { quote } from "../../base/quote.ts";
import type { DentryId, DeviceId, FileId, InodeId, PathId } from "../../event/cell/file.ts";
import { Unseen } from "../file/unseen.ts";
import type { EventSink } from "../sensor.ts";
import type { Created } from "./created.ts";
import { ObjectState } from "./layout.gen.ts";
import type { DirectoryView, ObjectView } from "./record-object.ts";
import type { RecordView } from "./record.ts";
import type { IdentityNumbers } from "./types.ts";

/** Flags of an open file that are told: close-on-exec, directory and no-follow are not (as in the records of a TSEM kernel). */
export const TOLD_FLAGS = 0xffff;
const MINOR_BITS = 20;
const MINOR_MASK = 0xfffff;

/** Segments of System V, and memory that a process shares with its children: nobody reads it as a file, or could. */
const SHARED_MEMORY = /^(?:SYSV[0-9a-f]{8}|dev\/zero)$/;

/** Digest of a file's content, and whether what the programs look at names this content for good. */
export interface FoundDigest {
  readonly digest: string;
  readonly settled: boolean;
}

/** Reads the contents of files that tasks hold. */
export interface Contents {
  /** undefined: it can not be read, or changed under every try. */
  digest(view: RecordView, object: ObjectView, pathname: string): FoundDigest | undefined;
}

export interface ObjectParts {
  readonly sink: Pick<EventSink, "emptyDigest" | "wantsDigest">;
  readonly identities: IdentityNumbers;
  readonly created: Created;
  readonly contents: Contents;
}

/** Describes the objects of records. One per namespace. */
export class ObjectTeller {
  readonly #parts: ObjectParts;
  /** Of the record in hand: nothing in it can change without that the programs notice. */
  settled = true;

  constructor(parts: ObjectParts) {
    this.#parts = parts;
  }

  /** TASK_ID of an identity number. @throws Unseen "unknown-identity" */
  taskId(number: number): string {
    const identity = this.#parts.identities.identityOf(number);
    if (identity === undefined) throw new Unseen("unknown-identity", `identity number ${number}`);
    return identity.taskId;
  }

  path(view: RecordView, which: 0 | 1): PathId {
    const object = view.object(which);
    if ((object.state & ObjectState.absent) !== 0) return { pathname: "" };
    const place = this.#place(view, which);
    if (object.owner === 0) return { dev: deviceOf(object.dev), ...place };
    return {
      dev: deviceOf(object.dev),
      owner: this.taskId(object.owner),
      instance: BigInt(object.instance),
      ...place,
    };
  }

  dentry(view: RecordView, which: 0 | 1): DentryId {
    const object = view.object(which);
    const path = this.path(view, which);
    const there = (object.state & (ObjectState.negative | ObjectState.absent)) === 0;
    return there ? { inode: inodeOf(object, object), path } : { path };
  }

  /** A name that the acting task is making; `counted` with who makes it, and as the how manieth of its directory. */
  newName(view: RecordView, counted: boolean): DentryId {
    const path = { dev: deviceOf(view.object(0).dev), ...this.#place(view, 0) };
    if (!counted) return { path };
    const owner = this.taskId(view.who.identity);
    const instance = BigInt(this.#parts.created.instance(owner, path.pathname));
    const { dev, ...place } = path;
    return { path: { dev, owner, instance, ...place } };
  }

  directory(view: RecordView, which: 0 | 1): InodeId {
    const object = view.object(which);
    return inodeOf(object, object.directory ?? { uid: 0, gid: 0, mode: 0 });
  }

  /** An open file; undefined where there is none. @throws Unseen "unreadable-content" */
  file(view: RecordView, which: 0 | 1): FileId | undefined {
    const object = view.object(which);
    if ((object.state & ObjectState.absent) !== 0) return undefined;
    const flags = view.u32(0) & TOLD_FLAGS;
    const path = this.path(view, which);
    const shared = view.nameless(which) && SHARED_MEMORY.test(object.name.toString("latin1"));
    const digest = shared
      ? this.#parts.sink.emptyDigest
      : this.#digest(view, object, { flags, path });
    return { flags, inode: inodeOf(object, object), path, digest };
  }

  #place(view: RecordView, which: 0 | 1): { temporary?: string; pathname: string } {
    const pathname = view.pathname(which);
    const temporary = this.#parts.created.temporaryAbove(view.who, pathname);
    if (temporary === undefined) return { pathname };
    // where names alone are keyed, the same name may later lie below another directory of that name
    if ((view.object(which).state & ObjectState.walked) !== 0) this.settled = false;
    return { temporary, pathname };
  }

  #digest(
    view: RecordView,
    object: ObjectView,
    { flags, path: { pathname, temporary } }: { readonly flags: number; readonly path: PathId },
  ): string {
    const { sink, contents } = this.#parts;
    // where the programs leave the content out there is none, or the rules drop it
    if (object.content === undefined) return sink.emptyDigest;
    if (!sink.wantsDigest(view.head.hook, flags, pathname, temporary)) return sink.emptyDigest;
    const found = contents.digest(view, object, pathname);
    if (found === undefined) throw new Unseen("unreadable-content", quote(pathname));
    if (!found.settled) this.settled = false;
    return found.digest;
  }
}

/** A device number of the kernel's own form. */
export function deviceOf(dev: number): DeviceId {
  return { major: dev >>> MINOR_BITS, minor: dev & MINOR_MASK };
}

function inodeOf(object: ObjectView, { uid, gid, mode }: DirectoryView): InodeId {
  const end = object.sId.indexOf(0);
  return {
    uid,
    gid,
    mode,
    sMagic: object.magic,
    sId: decodePath(end < 0 ? object.sId : object.sId.subarray(0, end)),
    sUuid: object.sUuid.toString("hex"),
  };
}
