// SPDX-License-Identifier: Apache-2.0
// An object in a description: its attributes, and how long what is keyed of it is. Words behind the attributes: creation,
// content, directory, mounts, names (bpf/wire.h).
import { CONTENT, CREATION, DIRECTORY, EXTRA, LEVEL, OBJECT, ObjectState } from "./layout.gen.ts";
import type { Cursor } from "./record.ts";

const WORD = 8;
/** ctime is seconds above this many bits of nanoseconds. */
const CTIME_BITS = 30n;
const NANOSECONDS = 0x3fff_ffff;

/** What names the content of a file. */
export interface ContentView {
  readonly inode: bigint;
  readonly generation: number;
  readonly ctimeSeconds: bigint;
  readonly ctimeNanoseconds: number;
  readonly size: bigint;
  /** How often the clock was set before. */
  readonly clock: number;
}

export interface DirectoryView {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/** An object of a record. Without attributes when `state` says that there is none. */
export interface ObjectView {
  /** enum galgo_object_state (ObjectState of layout.gen.ts). */
  readonly state: number;
  /** Device number as the kernel has it: 20 bits of minor. */
  readonly dev: number;
  /** Full mode; 0 where there is no inode. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Unique id of the mount that it was reached through. */
  readonly mount: bigint;
  /** Identity number of its creator; 0: not created inside the namespace. */
  readonly owner: number;
  readonly instance: number;
  readonly magic: number;
  readonly content: ContentView | undefined;
  readonly directory: DirectoryView | undefined;
  readonly inode: bigint;
  readonly generation: number;
  readonly nlink: number;
  /** Short name and uuid of the filesystem. */
  readonly sId: Buffer;
  readonly sUuid: Buffer;
  /** The keyed name: of an object in no directory its own name; else not always there. */
  readonly name: Buffer;
  /** All words that are keyed of it. */
  readonly words: Buffer;
}

const NOTHING = Buffer.alloc(0);

const ABSENT = {
  dev: 0,
  mode: 0,
  uid: 0,
  gid: 0,
  mount: 0n,
  owner: 0,
  instance: 0,
  magic: 0,
  content: undefined,
  directory: undefined,
  inode: 0n,
  generation: 0,
  nlink: 0,
  sId: NOTHING,
  sUuid: NOTHING,
  name: NOTHING,
} as const;

/**
 * Reads the next object of a description. `extra` is what is told of it beside the description.
 * @throws BpfSensorError BAD_RECORD
 */
export function readObject(cursor: Cursor, extra: Buffer): ObjectView {
  const { bytes } = cursor;
  const start = cursor.at;
  cursor.take(WORD);
  const state = bytes.readUInt16LE(start + OBJECT.at.state);
  if ((state & ObjectState.absent) !== 0)
    return { ...ABSENT, state, words: bytes.subarray(start, start + WORD) };
  cursor.take(OBJECT.bytes - WORD);
  const creation = (state & ObjectState.created) !== 0 ? cursor.take(CREATION.bytes) : -1;
  const content = (state & ObjectState.content) !== 0 ? readContent(cursor) : undefined;
  const directory = (state & ObjectState.dir) !== 0 ? readDirectory(cursor) : undefined;
  const levels = bytes.readUInt16LE(start + OBJECT.at.levels);
  for (let i = 0; i < levels; i++) passLevel(cursor);
  const name = readName(cursor, state, bytes.readUInt16LE(start + OBJECT.at.name));
  const u32 = (at: number): number => bytes.readUInt32LE(start + at);
  return {
    state,
    dev: extra.readUInt32LE(EXTRA.at.dev),
    mode: bytes.readUInt16LE(start + OBJECT.at.mode),
    uid: u32(OBJECT.at.uid),
    gid: u32(OBJECT.at.gid),
    mount: bytes.readBigUInt64LE(start + OBJECT.at.mount),
    owner: creation < 0 ? 0 : bytes.readUInt32LE(creation + CREATION.at.owner),
    instance: creation < 0 ? 0 : bytes.readUInt32LE(creation + CREATION.at.instance),
    magic: extra.readUInt32LE(EXTRA.at.magic),
    content,
    directory,
    name,
    inode: extra.readBigUInt64LE(EXTRA.at.inode),
    generation: extra.readUInt32LE(EXTRA.at.generation),
    nlink: extra.readUInt32LE(EXTRA.at.nlink),
    sId: extra.subarray(EXTRA.at.sId, EXTRA.at.sId + EXTRA.size.sId),
    sUuid: extra.subarray(EXTRA.at.sUuid, EXTRA.at.sUuid + EXTRA.size.sUuid),
    words: bytes.subarray(start, cursor.at),
  };
}

function readContent(cursor: Cursor): ContentView {
  const at = cursor.take(CONTENT.bytes);
  const { bytes } = cursor;
  return {
    inode: bytes.readBigUInt64LE(at + CONTENT.at.inode),
    generation: bytes.readUInt32LE(at + CONTENT.at.generation),
    ctimeSeconds: bytes.readBigInt64LE(at + CONTENT.at.ctime) >> CTIME_BITS,
    ctimeNanoseconds: bytes.readUInt32LE(at + CONTENT.at.ctime) & NANOSECONDS,
    size: bytes.readBigUInt64LE(at + CONTENT.at.size),
    clock: bytes.readUInt32LE(at + CONTENT.at.clock),
  };
}

function readDirectory(cursor: Cursor): DirectoryView {
  const at = cursor.take(DIRECTORY.bytes);
  const { bytes } = cursor;
  return {
    uid: bytes.readUInt32LE(at + DIRECTORY.at.uid),
    gid: bytes.readUInt32LE(at + DIRECTORY.at.gid),
    mode: bytes.readUInt16LE(at + DIRECTORY.at.mode),
  };
}

/** A number of words that stands in a word, no more than a description has. */
function wordsAt(cursor: Cursor, at: number): number {
  return Math.min(cursor.bytes.readUInt32LE(at), cursor.bytes.length);
}

function passLevel(cursor: Cursor): void {
  const at = cursor.take(LEVEL.bytes);
  cursor.take(wordsAt(cursor, at + LEVEL.at.names) * WORD);
}

/** The keyed name, or of a walked object the first of its names. */
function readName(cursor: Cursor, state: number, length: number): Buffer {
  const { bytes } = cursor;
  if ((state & ObjectState.walked) === 0) {
    const at = cursor.take(Math.ceil(length / WORD) * WORD);
    return bytes.subarray(at, at + length);
  }
  const words = wordsAt(cursor, cursor.take(WORD));
  const names = cursor.take(words * WORD);
  if (words === 0) return NOTHING;
  // a length that no name has stands for the directory of the acting process itself
  const first = Math.min(bytes.readUInt32LE(names), (words - 1) * WORD);
  return bytes.subarray(names + WORD, names + WORD + first);
}
