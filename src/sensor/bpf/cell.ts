// SPDX-License-Identifier: Apache-2.0
// From a record to the CELL of its event, by the table of hooks/.
import { createHash } from "node:crypto";
import { decodePath } from "../../base/path-text.ts";
import type { SockAddr, SockId } from "../../event/cell/socket.ts";
import type { CredsId } from "../../event/cell/task.ts";
import type { IpcPermId } from "../../event/cell/ipc.ts";
import type { Coe } from "../../event/coe.ts";
import type { HookName } from "../../event/event.ts";
import { HOOKS } from "../../event/index.ts";
import type { FieldKind } from "../../event/layout.ts";
import { Unseen } from "../file/unseen.ts";
import { AF, parseAddress } from "../seccomp/sockets.ts";
import { attributesOf, changedIds } from "./cell-values.ts";
import { type KernelHook, SOURCES } from "./hooks/index.ts";
import type { Bits, Source } from "./hooks/source.ts";
import { TargetFlag } from "./layout.gen.ts";
import { deviceOf, type ObjectTeller } from "./objects.ts";
import type { RecordView } from "./record.ts";

const WORD_BITS = 32n;

/** Hooks that are about an address, whatever is in it. */
const NAMING: ReadonlySet<HookName> = new Set<HookName>(["socket_bind", "socket_connect"]);

/** Reads CELLs. One per namespace. */
export class CellReader {
  readonly #objects: ObjectTeller;
  readonly #digest: string;
  readonly #nobody: string;

  /** @param digest name of the namespace's digest, as node:crypto knows it; `emptyDigest` that of no bytes */
  constructor(
    objects: ObjectTeller,
    { digest, emptyDigest }: { digest: string; emptyDigest: string },
  ) {
    this.#objects = objects;
    this.#digest = digest;
    this.#nobody = "0".repeat(emptyDigest.length);
  }

  /** Members of the CELL; those that are not there are left out. @throws Unseen, BpfSensorError BAD_RECORD */
  read(view: RecordView): Record<string, unknown> {
    const sources = SOURCES[view.head.hook as KernelHook] as Readonly<Record<string, Source>>;
    const cell: Record<string, unknown> = {};
    for (const { member, kind } of HOOKS[view.head.hook].cell) {
      const source = sources[member];
      const value = source === undefined ? undefined : this.#value(view, source, kind);
      if (value !== undefined) cell[member] = value;
    }
    return cell;
  }

  #value(view: RecordView, source: Source, kind: FieldKind): unknown {
    switch (source.from) {
      case "bits":
        return asKind(bitsOf(view, source), kind);
      case "present":
        return (view.u32(source.arg) & source.bit) === 0
          ? undefined
          : this.#value(view, source.value, kind);
      case "constant":
        return source.value;
      case "untold":
        return undefined;
      case "text":
        return decodePath(view.text);
      case "more":
        return decodePath(view.more);
      case "base64":
        return view.text.toString("base64");
      case "device":
        return deviceOf(view.u32(source.arg));
      case "attributes":
        return attributesOf(view);
      case "changed ids":
        return changedIds(view);
      case "listed ids":
        return listedIds(view);
      case "file":
      case "dentry":
      case "directory":
      case "path":
      case "new name":
        return this.#object(view, source);
      default:
        return this.#party(view, source);
    }
  }

  #object(
    view: RecordView,
    source: Extract<Source, { from: "file" | "dentry" | "directory" | "path" | "new name" }>,
  ): unknown {
    switch (source.from) {
      case "new name":
        return this.#objects.newName(view, source.counted);
      default:
        return this.#objects[source.from](view, source.object);
    }
  }

  /** Who takes part: tasks, credentials, sockets, creators. */
  #party(
    view: RecordView,
    source: Extract<
      Source,
      {
        from:
          | "task"
          | "outside"
          | "actor"
          | "creds"
          | "own creds"
          | "perm"
          | "sock"
          | "untold sock"
          | "address";
      }
    >,
  ): unknown {
    switch (source.from) {
      case "task":
        return isOutside(view, source.arg)
          ? this.#nobody
          : this.#objects.taskId(view.u32(source.arg));
      case "outside":
        return isOutside(view, source.arg) ? 1 : 0;
      case "actor":
        return this.#objects.taskId(view.who.identity);
      case "creds":
        return credsOf(coeOf(view, source.arg), bitsOf(view, source.securebits));
      case "own creds":
        return credsOf(view.who.coe, bitsOf(view, source.securebits));
      case "perm":
        return this.#perm(view);
      case "sock":
        return this.#sock(view, source.arg);
      case "untold sock":
        return { family: 0, type: 0, protocol: 0 } satisfies SockId;
      case "address":
        return this.#address(view);
      default:
        return source satisfies never;
    }
  }

  #perm(view: RecordView): IpcPermId {
    const owner = high32(view.arg(2));
    return {
      uid: view.u32(0),
      gid: high32(view.arg(0)),
      cuid: view.u32(1),
      cgid: high32(view.arg(1)),
      mode: view.u32(2),
      owner: owner === 0 ? this.#nobody : this.#objects.taskId(owner),
    };
  }

  #sock(view: RecordView, at: number): SockId {
    const id = view.arg(at);
    const owner = view.u32(at + 1);
    const kind = {
      family: Number(id & 0xffffn),
      type: Number((id >> 16n) & 0xffffn),
      protocol: high32(id),
    };
    return owner === 0 ? kind : { ...kind, owner: this.#objects.taskId(owner) };
  }

  #address(view: RecordView): SockAddr | undefined {
    const bytes = asInternet(view);
    // an empty one (the kernel refuses it later) is an address all the same; messages can have none
    if (bytes.length === 0 && !NAMING.has(view.head.hook)) return undefined;
    const address = parseAddress(bytes, this.#digest);
    if (address === undefined)
      return { family: "other", digest: createHash(this.#digest).update(bytes).digest("hex") };
    if (address.family !== "unix" || view.objects.length === 0) return address;
    // a relative name of a local socket means another socket in each directory
    const { pathname } = this.#objects.path(view, 0);
    const slash = pathname.endsWith("/") ? "" : "/";
    return { family: "unix", address: `${pathname}${slash}${address.address}` };
  }
}

/** For old programs the kernel takes AF_UNSPEC as AF_INET when an internet socket is bound or a message is sent through it. */
function asInternet(view: RecordView): Buffer {
  const { text } = view;
  const family = Number(view.arg(0) & 0xffffn);
  const unspecified = text.length >= 2 && text.readUInt16LE(0) === AF.UNSPEC;
  if (view.head.hook === "socket_connect" || family !== AF.INET || !unspecified) return text;
  const inet = Buffer.from(text);
  inet.writeUInt16LE(AF.INET, 0);
  return inet;
}

function isOutside(view: RecordView, arg: number): boolean {
  return (high32(view.arg(arg)) & TargetFlag.outside) !== 0;
}

function high32(value: bigint): number {
  return Number(value >> WORD_BITS);
}

function bitsOf(view: RecordView, { arg, shift, width }: Bits): bigint {
  return BigInt.asUintN(width, view.arg(arg) >> BigInt(shift));
}

function asKind(value: bigint, kind: FieldKind): number | bigint {
  switch (kind) {
    case "i32":
      return Number(BigInt.asIntN(32, value));
    case "u16":
    case "mode":
      return Number(BigInt.asUintN(16, value));
    case "u64":
    case "mask":
      return value;
    case "i64":
      return BigInt.asIntN(64, value);
    default:
      return Number(BigInt.asUintN(32, value));
  }
}

function coeOf(view: RecordView, at: number): Coe {
  return {
    uid: view.u32(at),
    euid: high32(view.arg(at)),
    suid: view.u32(at + 1),
    gid: high32(view.arg(at + 1)),
    egid: view.u32(at + 2),
    sgid: high32(view.arg(at + 2)),
    fsuid: view.u32(at + 3),
    fsgid: high32(view.arg(at + 3)),
    capeff: view.arg(at + 4),
  };
}

function credsOf(coe: Coe, securebits: bigint): CredsId {
  return { ...coe, securebits: Number(securebits) };
}

/** Four bytes each, in ascending order. */
function listedIds(view: RecordView): readonly number[] {
  const { text } = view;
  const count = view.u32(0);
  if (text.length !== 4 * count) throw new Unseen("text-too-long", view.head.hook);
  return Array.from({ length: count }, (_, index) => text.readUInt32LE(4 * index));
}
