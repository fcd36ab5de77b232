// SPDX-License-Identifier: Apache-2.0
// What all FUSE servers of Galgo need of the protocol (linux/fuse.h, 7.31): numbers of requests, headers, the first answer.

export const FUSE_MAJOR = 7;
/** What we speak. A newer kernel speaks it too. */
export const FUSE_MINOR = 31;

export const OPCODE = {
  LOOKUP: 1,
  FORGET: 2,
  GETATTR: 3,
  SETATTR: 4,
  READLINK: 5,
  OPEN: 14,
  READ: 15,
  WRITE: 16,
  STATFS: 17,
  RELEASE: 18,
  GETXATTR: 22,
  FLUSH: 25,
  INIT: 26,
  OPENDIR: 27,
  READDIR: 28,
  RELEASEDIR: 29,
  ACCESS: 34,
  INTERRUPT: 36,
  DESTROY: 38,
  BATCH_FORGET: 42,
} as const;

/** struct fuse_in_header */
export const IN = {
  length: 0,
  opcode: 4,
  unique: 8,
  node: 16,
  uid: 24,
  pid: 32,
  bytes: 40,
} as const;
/** struct fuse_out_header */
export const OUT = { length: 0, error: 4, unique: 8, bytes: 16 } as const;

/** O_TRUNC comes with OPEN instead of a request of its own. */
export const FUSE_ATOMIC_O_TRUNC = 8;
export const FOPEN_DIRECT_IO = 1;
export const FOPEN_KEEP_CACHE = 2;

/** Content of one WRITE at most. */
export const MAX_WRITE_BYTES = 4096;
/** Smallest buffer with which the kernel lets us read requests is 8192 bytes. */
export const REQUEST_BYTES = 16_384;
const BLOCK_BYTES = 4096;
const INIT_BYTES = 64;
const STATFS_BYTES = 80;
const MAX_BACKGROUND = 64;
const CONGESTED = 48;

/** struct fuse_init_out. @param request INIT: major, minor, max_readahead, flags @param flags what of the kernel's offers is taken */
export function initReply(request: Buffer, flags = 0): Buffer {
  const reply = Buffer.alloc(INIT_BYTES);
  reply.writeUInt32LE(FUSE_MAJOR, 0);
  reply.writeUInt32LE(FUSE_MINOR, 4);
  reply.writeUInt32LE(request.readUInt32LE(IN.bytes + 8), 8);
  reply.writeUInt32LE((request.readUInt32LE(IN.bytes + 12) & flags) >>> 0, 12);
  reply.writeUInt16LE(MAX_BACKGROUND, 16);
  reply.writeUInt16LE(CONGESTED, 18);
  reply.writeUInt32LE(MAX_WRITE_BYTES, 20);
  return reply;
}

/** struct fuse_statfs_out: an empty file system. */
export function statfsReply(): Buffer {
  const reply = Buffer.alloc(STATFS_BYTES);
  reply.writeUInt32LE(BLOCK_BYTES, 40);
  reply.writeUInt32LE(255, 44);
  reply.writeUInt32LE(BLOCK_BYTES, 48);
  return reply;
}
