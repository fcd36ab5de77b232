// SPDX-License-Identifier: Apache-2.0
// The part of the FUSE protocol that one read-only file needs, beyond what all FUSE servers have (src/native/fuse-wire.ts).
import { FOPEN_KEEP_CACHE } from "../../native/fuse-wire.ts";

export const MAX_READ_BYTES = 65_536;
const BLOCK_BYTES = 4096;
/** Nothing about the file ever changes (s). */
const VALID_SECONDS = 0x7fff_ffffn;
const REGULAR_0755 = 0o100755;

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
