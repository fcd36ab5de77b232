// SPDX-License-Identifier: Apache-2.0
// What Galgo and the guard of a workload say to each other: the numbers of native/protocol.h (a test compares them) and
// the layout of the messages, described in native/PROTOCOL.md.
import { CodedError } from "../../base/errors.ts";

export const MAGIC = 0x33474c47;
export const MAX_INSTRUCTIONS = 4096;

export const FLAG = { NO_NEW_PRIVS: 1, LANDLOCK: 2 } as const;
export const ORDER = { GO: 1, KILL: 2, SIGNAL: 3 } as const;
export const REPORT = { READY: 1, FAILED: 2, EXITED: 3, STOPPED: 4, DRAINED: 5 } as const;
export const FEATURE = { WAIT_KILLABLE: 1, IN_CGROUP: 2 } as const;
export const STEP = {
  PROTOCOL: 1,
  GUARD: 2,
  FORK: 3,
  NO_NEW_PRIVS: 4,
  FILTER: 5,
  LISTENER: 6,
  EXEC: 7,
  LANDLOCK: 8,
} as const;

const INSTRUCTION_BYTES = 8;
const START_BYTES = 32;
const ORDER_BYTES = 8;
const REPORT_BYTES = 12;
/** Room for the longest message of either side. */
export const MAX_MESSAGE_BYTES: number = START_BYTES + MAX_INSTRUCTIONS * INSTRUCTION_BYTES;

/** A message that no guard or Galgo of this version sends. */
export class LaunchProtocolError extends CodedError<"BAD_MESSAGE"> {}

/** How the workload shall be started. */
export interface StartMessage {
  readonly noNewPrivs: boolean;
  /** The last descriptor of the message is a Landlock ruleset that the workload restricts itself by. */
  readonly landlock: boolean;
  /** Signals that the workload ignores, as a bit mask: bit n-1 for signal n. */
  readonly ignoredSignals: bigint;
  /** Soft limit of open files; 0: as it is. */
  readonly openFiles: number;
  /** cBPF, 8 bytes an instruction; empty: no filter, no listener */
  readonly filter: Uint8Array;
}

/** An order of Galgo. `argument` is the signal of ORDER.SIGNAL, else 0. */
export interface Order {
  readonly type: number;
  readonly argument: number;
}

/** A report of the guard; what `a` and `b` mean depends on `type`. */
export interface Report {
  readonly type: number;
  readonly a: number;
  readonly b: number;
}

/** @throws LaunchProtocolError when the filter is not whole instructions or too long */
export function encodeStart(start: StartMessage): Uint8Array {
  const count = start.filter.length / INSTRUCTION_BYTES;
  if (!Number.isInteger(count) || count > MAX_INSTRUCTIONS) {
    throw new LaunchProtocolError(
      "BAD_MESSAGE",
      `a filter of ${start.filter.length} bytes is not 0 to ${MAX_INSTRUCTIONS} instructions`,
    );
  }
  const bytes = new Uint8Array(START_BYTES + start.filter.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  const privileges = start.noNewPrivs ? FLAG.NO_NEW_PRIVS : 0;
  view.setUint32(4, privileges | (start.landlock ? FLAG.LANDLOCK : 0), true);
  view.setBigUint64(8, start.ignoredSignals, true);
  view.setBigUint64(16, BigInt(start.openFiles), true);
  view.setUint32(24, count, true);
  bytes.set(start.filter, START_BYTES);
  return bytes;
}

/** @throws LaunchProtocolError */
export function decodeStart(bytes: Uint8Array): StartMessage {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const filter = bytes.subarray(START_BYTES);
  const fits =
    bytes.length >= START_BYTES &&
    view.getUint32(0, true) === MAGIC &&
    (view.getUint32(4, true) & ~(FLAG.NO_NEW_PRIVS | FLAG.LANDLOCK)) === 0 &&
    view.getUint32(24, true) * INSTRUCTION_BYTES === filter.length;
  if (!fits) {
    throw new LaunchProtocolError("BAD_MESSAGE", "this is not a start message of this version");
  }
  return {
    noNewPrivs: (view.getUint32(4, true) & FLAG.NO_NEW_PRIVS) !== 0,
    landlock: (view.getUint32(4, true) & FLAG.LANDLOCK) !== 0,
    ignoredSignals: view.getBigUint64(8, true),
    openFiles: Number(view.getBigUint64(16, true)),
    filter,
  };
}

export function encodeOrder(type: number, argument: number = 0): Uint8Array {
  return numbers(ORDER_BYTES, [type, argument]);
}

/** @throws LaunchProtocolError */
export function decodeOrder(bytes: Uint8Array): Order {
  const view = fixed(bytes, ORDER_BYTES);
  return { type: view.getInt32(0, true), argument: view.getInt32(4, true) };
}

export function encodeReport(type: number, a: number, b: number): Uint8Array {
  return numbers(REPORT_BYTES, [type, a, b]);
}

/** @throws LaunchProtocolError */
export function decodeReport(bytes: Uint8Array): Report {
  const view = fixed(bytes, REPORT_BYTES);
  return { type: view.getInt32(0, true), a: view.getInt32(4, true), b: view.getInt32(8, true) };
}

function numbers(size: number, values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => {
    view.setInt32(4 * i, value, true);
  });
  return bytes;
}

function fixed(bytes: Uint8Array, size: number): DataView {
  if (bytes.length !== size) {
    throw new LaunchProtocolError("BAD_MESSAGE", `a message of ${bytes.length} bytes, not ${size}`);
  }
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
