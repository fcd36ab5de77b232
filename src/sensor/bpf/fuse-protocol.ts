// SPDX-License-Identifier: Apache-2.0
// The part of the FUSE protocol (linux/fuse.h, 7.31) that one read-only file needs: numbers and places of members.

export const FUSE_MAJOR = 7;
/** What we speak. A newer kernel speaks it too. */
export const FUSE_MINOR = 31;

export const OPCODE = {
  FORGET: 2,
  GETATTR: 3,
  OPEN: 14,
  READ: 15,
  STATFS: 17,
  RELEASE: 18,
  GETXATTR: 22,
  INIT: 26,
  ACCESS: 34,
  INTERRUPT: 36,
  DESTROY: 38,
  BATCH_FORGET: 42,
} as const;

/** struct fuse_in_header */
export const IN = { opcode: 4, unique: 8, pid: 32, bytes: 40 } as const;
/** struct fuse_out_header */
export const OUT = { length: 0, error: 4, unique: 8, bytes: 16 } as const;

/** Smallest buffer with which the kernel lets us read requests is 8192 bytes. */
export const REQUEST_BYTES = 16_384;
export const MAX_READ_BYTES = 65_536;
const MAX_WRITE_BYTES = 4096;
const BLOCK_BYTES = 4096;
const FOPEN_KEEP_CACHE = 2;
/** Nothing about the file ever changes (s). */
const VALID_SECONDS = 0x7fff_ffffn;
const REGULAR_0755 = 0o100755;

/** struct fuse_init_in: major, minor, max_readahead, flags. */
export function initReply(request: Buffer): Buffer {
  const reply = Buffer.alloc(64);
  reply.writeUInt32LE(FUSE_MAJOR, 0);
  reply.writeUInt32LE(FUSE_MINOR, 4);
  reply.writeUInt32LE(request.readUInt32LE(IN.bytes + 8), 8);
  reply.writeUInt16LE(64, 16); // max_background
  reply.writeUInt16LE(48, 18); // congestion_threshold
  reply.writeUInt32LE(MAX_WRITE_BYTES, 20);
  return reply;
}

/** struct fuse_attr_out of the file. */
export function attributesReply(size: number): Buffer {
  const reply = Buffer.alloc(16 + 88);
  reply.writeBigUInt64LE(VALID_SECONDS, 0);
  reply.writeBigUInt64LE(1n, 16); // ino
  reply.writeBigUInt64LE(BigInt(size), 24);
  reply.writeBigUInt64LE(8n, 32); // blocks
  reply.writeUInt32LE(REGULAR_0755, 76);
  reply.writeUInt32LE(1, 80); // nlink
  reply.writeUInt32LE(BLOCK_BYTES, 96);
  return reply;
}

/** struct fuse_open_out */
export function openReply(): Buffer {
  const reply = Buffer.alloc(16);
  reply.writeBigUInt64LE(1n, 0);
  reply.writeUInt32LE(FOPEN_KEEP_CACHE, 8);
  return reply;
}

/** struct fuse_statfs_out: an empty file system. */
export function statfsReply(): Buffer {
  const reply = Buffer.alloc(80);
  reply.writeUInt32LE(BLOCK_BYTES, 40);
  reply.writeUInt32LE(255, 44);
  reply.writeUInt32LE(BLOCK_BYTES, 48);
  return reply;
}
