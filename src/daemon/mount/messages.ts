// SPDX-License-Identifier: Apache-2.0
// Answers of a FUSE server as bytes. Nothing of them may be cached by the kernel: every look at a file asks again.
const ATTRIBUTES_BYTES = 88;
const ATTR_OUT_BYTES = 16;
const ENTRY_OUT_BYTES = 40;
const DIRENT_BYTES = 24;
const BLOCK_BYTES = 4096;
const SECTOR_BYTES = 512;
const S_IFMT = 0o170000;
const TYPE_SHIFT = 12;

/** What stat says of a file. */
export interface Attributes {
  readonly node: number;
  /** Kind and permissions. */
  readonly mode: number;
  readonly uid: number;
  readonly size: number;
  /** Of the last change (ms since 1970). */
  readonly changed: number;
}

function writeAttributes(into: Buffer, at: number, attributes: Attributes): void {
  const { node, mode, uid, size, changed } = attributes;
  const seconds = BigInt(Math.floor(changed / 1000));
  const nanoseconds = Math.floor(changed % 1000) * 1_000_000;
  into.writeBigUInt64LE(BigInt(node), at);
  into.writeBigUInt64LE(BigInt(size), at + 8);
  into.writeBigUInt64LE(BigInt(Math.ceil(size / SECTOR_BYTES)), at + 16);
  for (const time of [0, 1, 2]) {
    into.writeBigUInt64LE(seconds, at + 24 + 8 * time);
    into.writeUInt32LE(nanoseconds, at + 48 + 4 * time);
  }
  into.writeUInt32LE(mode, at + 60);
  into.writeUInt32LE(1, at + 64); // nlink: of a directory, "not counted"
  into.writeUInt32LE(uid, at + 68);
  into.writeUInt32LE(0, at + 72); // gid
  into.writeUInt32LE(BLOCK_BYTES, at + 80);
}

/** struct fuse_attr_out */
export function attributesReply(attributes: Attributes): Buffer {
  const reply = Buffer.alloc(ATTR_OUT_BYTES + ATTRIBUTES_BYTES);
  writeAttributes(reply, ATTR_OUT_BYTES, attributes);
  return reply;
}

/** struct fuse_entry_out */
export function entryReply(attributes: Attributes): Buffer {
  const reply = Buffer.alloc(ENTRY_OUT_BYTES + ATTRIBUTES_BYTES);
  reply.writeBigUInt64LE(BigInt(attributes.node), 0);
  writeAttributes(reply, ENTRY_OUT_BYTES, attributes);
  return reply;
}

/** struct fuse_open_out. With FOPEN_DIRECT_IO reads and writes go past the page cache, so that a file may grow at any time. */
export function openReply(handle: number, flags = 0): Buffer {
  const reply = Buffer.alloc(16);
  reply.writeBigUInt64LE(BigInt(handle), 0);
  reply.writeUInt32LE(flags, 8);
  return reply;
}

/** struct fuse_write_out */
export function writtenReply(bytes: number): Buffer {
  const reply = Buffer.alloc(8);
  reply.writeUInt32LE(bytes, 0);
  return reply;
}

/** One name in a directory. */
export interface DirectoryEntry {
  readonly name: string;
  readonly node: number;
  readonly mode: number;
}

/** Entries from number `from` on (struct fuse_dirent), as many as fit into `room` bytes. */
export function entriesReply(
  entries: readonly DirectoryEntry[],
  from: number,
  room: number,
): Buffer {
  const parts: Buffer[] = [];
  let left = room;
  for (let at = from; at < entries.length; at += 1) {
    const entry = entries[at];
    if (entry === undefined) break;
    const part = directoryEntry(entry, at + 1);
    if (part.length > left) break;
    left -= part.length;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** @param next where reading goes on behind it */
function directoryEntry({ name, node, mode }: DirectoryEntry, next: number): Buffer {
  const text = Buffer.from(name);
  const bytes = Buffer.alloc(DIRENT_BYTES + 8 * Math.ceil(text.length / 8));
  bytes.writeBigUInt64LE(BigInt(node), 0);
  bytes.writeBigUInt64LE(BigInt(next), 8);
  bytes.writeUInt32LE(text.length, 16);
  bytes.writeUInt32LE((mode & S_IFMT) >>> TYPE_SHIFT, 20);
  text.copy(bytes, DIRENT_BYTES);
  return bytes;
}
