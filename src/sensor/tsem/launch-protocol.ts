// SPDX-License-Identifier: Apache-2.0
// What Galgo says to the launcher of a TSEM workload and to the watch: the numbers of native/tsem-protocol.h (a test compares
// them) and the layout of the messages, described in native/PROTOCOL.md.

export const MAGIC = 0x31544c47;
export const MAX_LINE = 127;
export const ORDER = { START: 1, WRITE: 2, GO: 3 } as const;
export const FLAG = { DIE_WITH_GALGO: 1 } as const;
export const REPORT = { READY: 1, WROTE: 2, FAILED: 3 } as const;
export const STEP = { PROTOCOL: 1, CAPABILITY: 2, EXEC: 3 } as const;
export const WATCH = { FIRST_ENDED: 1, LEAVE: 2 } as const;

export const START_BYTES = 32;
export const ORDER_BYTES = 136;
export const REPORT_BYTES = 12;

export interface StartOptions {
  /** The workload's first task gets SIGKILL when the thread ends that started it. */
  readonly dieWithGalgo: boolean;
  /** Bit n-1 for signal n. */
  readonly ignoredSignals: bigint;
  /** Soft limit of open files; 0: unchanged. */
  readonly openFiles: number;
}

export function encodeStart(options: StartOptions): Buffer {
  const bytes = Buffer.alloc(START_BYTES);
  bytes.writeUInt32LE(ORDER.START, 0);
  bytes.writeUInt32LE(MAGIC, 4);
  bytes.writeUInt32LE(options.dieWithGalgo ? FLAG.DIE_WITH_GALGO : 0, 8);
  bytes.writeBigUInt64LE(options.ignoredSignals, 16);
  bytes.writeBigUInt64LE(BigInt(options.openFiles), 24);
  return bytes;
}

/** `line` is a command of at most MAX_LINE bytes; without one the order is GO. */
export function encodeOrder(line?: string): Buffer {
  const bytes = Buffer.alloc(ORDER_BYTES);
  bytes.writeUInt32LE(line === undefined ? ORDER.GO : ORDER.WRITE, 0);
  if (line !== undefined) bytes.writeUInt32LE(bytes.write(line, 8, MAX_LINE, "latin1"), 4);
  return bytes;
}

export interface Report {
  readonly type: number;
  readonly a: number;
  readonly b: number;
}

export function decodeReport(bytes: Buffer): Report {
  return { type: bytes.readUInt32LE(0), a: bytes.readInt32LE(4), b: bytes.readInt32LE(8) };
}
