// SPDX-License-Identifier: Apache-2.0
// Writes records as the programs in the kernel do (bpf/wire.h): complete, ordinary ones, of which a test changes what it is about.
import type { Coe, HookName } from "../../src/event/index.ts";
import {
  CONTENT,
  CREATION,
  DIRECTORY,
  EXTRA,
  KERNEL_HOOKS,
  LEVEL,
  OBJECT,
  ObjectState,
  PATH,
  PathFlag,
  RECORD,
  WHAT,
  WHO,
} from "../../src/sensor/bpf/layout.gen.ts";
import { ROOT } from "./events.ts";

const WORD = 8;

/** What an object of a record is. Without `inode` the name is one that does not exist. */
export interface WrittenObject {
  readonly absent?: boolean;
  readonly state?: number;
  readonly dev?: number;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly parent?: bigint;
  readonly mount?: bigint;
  readonly owner?: number;
  readonly instance?: number;
  readonly magic?: number;
  readonly inode?: bigint;
  readonly generation?: number;
  readonly nlink?: number;
  readonly sId?: string;
  readonly sUuid?: string;
  readonly content?: {
    readonly ctime: bigint;
    readonly ctimeNsec: number;
    readonly clock?: number;
    readonly size: bigint;
  };
  readonly directory?: { readonly uid: number; readonly gid: number; readonly mode: number };
  /** Names of the mount points between the object and the root; empty: their filesystem needs none. */
  readonly levels?: readonly (readonly string[])[];
  /** The keyed name, or with WALKED all of them. */
  readonly name?: string;
  readonly names?: readonly string[];
}

export interface WrittenRecord {
  readonly hook: HookName;
  readonly flags?: number;
  readonly identity?: number;
  readonly coe?: Coe;
  readonly rootMount?: bigint;
  readonly rootInode?: bigint;
  readonly tid?: number;
  readonly tgid?: number;
  readonly comm?: string;
  readonly ts?: bigint;
  readonly args?: readonly (number | bigint)[];
  readonly objects?: readonly WrittenObject[];
  readonly text?: string | Buffer;
  readonly more?: string;
  /** The path areas: components from the root down, or a long text. */
  readonly areas?: readonly WrittenArea[];
}

export interface WrittenArea {
  readonly components?: readonly (string | Buffer)[];
  readonly text?: string | Buffer;
  readonly flags?: number;
}

/** Path area of an absolute path. */
export function areaOf(pathname: string, flags = 0): WrittenArea {
  return { components: pathname.split("/").filter((part) => part !== ""), flags };
}

/** Of a file that lies in no directory. */
export const NOWHERE: WrittenArea = { components: [], flags: PathFlag.unreachable };

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & (WORD - 1))]);
}

function word(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(WORD);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)));
  return bytes;
}

/** The number of words and then each name with its length, as of walked objects and of mount points. */
function namesBytes(names: readonly string[]): Buffer {
  const each = names.map((name) => {
    const bytes = Buffer.from(name);
    return Buffer.concat([word(bytes.length), padded(bytes)]);
  });
  const all = Buffer.concat(each);
  return Buffer.concat([word(all.length / WORD), all]);
}

function stateOf({ state = 0, content, directory, inode, owner, names }: WrittenObject): number {
  const flag = (on: boolean, bit: number): number => (on ? bit : 0);
  return (
    state |
    flag(content !== undefined, ObjectState.content) |
    flag(directory !== undefined, ObjectState.dir) |
    flag(inode === undefined, ObjectState.negative) |
    flag(owner !== undefined, ObjectState.created) |
    flag(names !== undefined, ObjectState.walked)
  );
}

function attributeBytes(object: WrittenObject): Buffer {
  const { inode, uid = 0, gid = 0, names, name = "", levels = [] } = object;
  const {
    mode = inode === undefined ? 0 : 0o100644,
    parent = names ? 0n : 2n,
    mount = 1n,
  } = object;
  const bytes = Buffer.alloc(OBJECT.bytes);
  bytes.writeUInt16LE(mode, OBJECT.at.mode);
  bytes.writeUInt16LE(stateOf(object), OBJECT.at.state);
  bytes.writeUInt32LE(uid, OBJECT.at.uid);
  bytes.writeUInt32LE(gid, OBJECT.at.gid);
  bytes.writeBigUInt64LE(parent, OBJECT.at.parent);
  bytes.writeBigUInt64LE(mount, OBJECT.at.mount);
  bytes.writeUInt16LE(names ? 0 : Buffer.byteLength(name), OBJECT.at.name);
  bytes.writeUInt16LE(levels.length, OBJECT.at.levels);
  return bytes;
}

/** The words of an object in a description. */
export function objectBytes(object: WrittenObject): Buffer {
  if (object.absent === true) return word(ObjectState.absent << 16);
  const { names, name = "", levels = [] } = object;
  return Buffer.concat([
    attributeBytes(object),
    creationBytes(object),
    contentBytes(object),
    directoryBytes(object),
    ...levels.map(levelBytes),
    names === undefined ? padded(Buffer.from(name)) : namesBytes(names),
  ]);
}

function creationBytes({ owner, instance = 1 }: WrittenObject): Buffer {
  if (owner === undefined) return Buffer.alloc(0);
  const bytes = Buffer.alloc(CREATION.bytes);
  bytes.writeUInt32LE(owner, CREATION.at.owner);
  bytes.writeUInt32LE(instance, CREATION.at.instance);
  return bytes;
}

function contentBytes({ content, inode = 0n, generation = 0 }: WrittenObject): Buffer {
  if (content === undefined) return Buffer.alloc(0);
  const bytes = Buffer.alloc(CONTENT.bytes);
  bytes.writeBigUInt64LE(inode, CONTENT.at.inode);
  bytes.writeUInt32LE(generation, CONTENT.at.generation);
  bytes.writeUInt32LE(content.clock ?? 0, CONTENT.at.clock);
  bytes.writeBigInt64LE((content.ctime << 30n) | BigInt(content.ctimeNsec), CONTENT.at.ctime);
  bytes.writeBigUInt64LE(content.size, CONTENT.at.size);
  return bytes;
}

function directoryBytes({ directory }: WrittenObject): Buffer {
  if (directory === undefined) return Buffer.alloc(0);
  const bytes = Buffer.alloc(DIRECTORY.bytes);
  bytes.writeUInt32LE(directory.uid, DIRECTORY.at.uid);
  bytes.writeUInt32LE(directory.gid, DIRECTORY.at.gid);
  bytes.writeUInt16LE(directory.mode, DIRECTORY.at.mode);
  return bytes;
}

function levelBytes(names: readonly string[]): Buffer {
  const bytes = Buffer.alloc(LEVEL.bytes - WORD);
  bytes.writeBigUInt64LE(77n, LEVEL.at.mount);
  bytes.writeBigUInt64LE(1234n, LEVEL.at.inode);
  return Buffer.concat([bytes, names.length === 0 ? word(0) : namesBytes(names)]);
}

function whoBytes(record: WrittenRecord): Buffer {
  const coe = record.coe ?? ROOT;
  const bytes = Buffer.alloc(WHO.bytes);
  bytes.writeUInt32LE(record.identity ?? 2, WHO.at.identity);
  for (const name of ["uid", "euid", "suid", "gid", "egid", "sgid", "fsuid", "fsgid"] as const)
    bytes.writeUInt32LE(coe[name], WHO.at[name]);
  bytes.writeBigUInt64LE(coe.capeff, WHO.at.capeff);
  const rooted = (record.objects ?? []).length > 0;
  bytes.writeBigUInt64LE(rooted ? (record.rootMount ?? 1n) : 0n, WHO.at.rootMount);
  bytes.writeBigUInt64LE(rooted ? (record.rootInode ?? 2n) : 0n, WHO.at.rootInode);
  return bytes;
}

/** The description of a record, whole words. */
export function descriptionBytes(record: WrittenRecord): Buffer {
  const { args = [], objects = [] } = record;
  const text = Buffer.from(record.text ?? "");
  const more = Buffer.from(record.more ?? "");
  const what = Buffer.alloc(WHAT.bytes);
  what.writeUInt8(KERNEL_HOOKS.indexOf(record.hook), WHAT.at.hook);
  what.writeUInt8(args.length, WHAT.at.args);
  what.writeUInt8(objects.length, WHAT.at.objects);
  what.writeUInt16LE(text.length, WHAT.at.text);
  what.writeUInt16LE(more.length, WHAT.at.more);
  return Buffer.concat([
    whoBytes(record),
    what,
    ...args.map(word),
    ...objects.map(objectBytes),
    padded(text),
    padded(more),
  ]);
}

function extraBytes(object: WrittenObject): Buffer {
  const bytes = Buffer.alloc(EXTRA.bytes);
  bytes.writeBigUInt64LE(object.inode ?? 0n, EXTRA.at.inode);
  bytes.writeUInt32LE(object.generation ?? 0, EXTRA.at.generation);
  bytes.writeUInt32LE(object.nlink ?? 1, EXTRA.at.nlink);
  bytes.writeUInt32LE(object.dev ?? (254 << 20) | 1, EXTRA.at.dev);
  bytes.writeBigUInt64LE(BigInt(object.magic ?? 0xef53), EXTRA.at.magic);
  bytes.write(object.sId ?? "vda1", EXTRA.at.sId, "utf8");
  bytes.write(object.sUuid ?? "11111111222233334444555555555555", EXTRA.at.sUuid, "hex");
  return bytes;
}

function areaBytes(area: WrittenArea): Buffer {
  const bytes = Buffer.alloc(PATH.bytes);
  const names = [...(area.components ?? [])].reverse();
  const text =
    area.text === undefined
      ? Buffer.concat(names.map((name) => Buffer.concat([Buffer.from(name), Buffer.alloc(1)])))
      : Buffer.from(area.text);
  bytes.writeUInt32LE(text.length, PATH.at.length);
  bytes.writeUInt32LE(area.flags ?? 0, PATH.at.flags);
  text.copy(bytes, PATH.at.text);
  return bytes;
}

/** A record as it stands in the ring. */
export function recordBytes(record: WrittenRecord): Buffer {
  const description = descriptionBytes(record);
  const areas = record.areas ?? [];
  const head = Buffer.alloc(RECORD.bytes);
  const { at } = RECORD;
  head.writeUInt32LE(RECORD.bytes + areas.length * PATH.bytes, at.size);
  head.writeUInt16LE(KERNEL_HOOKS.indexOf(record.hook), at.hook);
  head.writeUInt16LE(record.flags ?? 0, at.flags);
  head.writeUInt32LE(1, at.slot);
  head.writeUInt32LE(7, at.serial);
  head.writeBigUInt64LE(41n, at.sequence);
  head.writeBigUInt64LE(record.ts ?? 5_000_000_000n, at.ts);
  head.writeUInt32LE(record.tid ?? 321, at.tid);
  head.writeUInt32LE(record.tgid ?? 320, at.tgid);
  head.write(record.comm ?? "cat", at.comm);
  head.write("0123456789abcdef", at.key);
  head.writeUInt32LE(description.length / WORD, at.words);
  head.writeUInt32LE(areas.length, at.paths);
  description.copy(head, at.description);
  (record.objects ?? []).forEach((object, index) => {
    extraBytes(object).copy(head, at.extra + index * EXTRA.bytes);
  });
  return Buffer.concat([head, ...areas.map(areaBytes)]);
}
