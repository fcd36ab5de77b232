// SPDX-License-Identifier: Apache-2.0
// What the daemon and the native client of `galgo run` say to each other: the numbers of native/client-protocol.h (a test compares
// them) and the layout of the messages, described in native/PROTOCOL.md.
import { CodedError } from "../../base/errors.ts";

export const MAGIC = 0x31434c47;
/** Text of one frame (bytes). */
export const MAX_TEXT = 16384;
/** A model file that the client copies (bytes). */
export const MAX_MODEL = 67_108_864;

export const FLAG = { TERMINAL: 1 } as const;
export const FRAME = {
  HELLO: 1,
  PLACED: 2,
  SIGNAL: 3,
  GONE: 4,
  ALONE: 16,
  START: 17,
  SAY: 18,
  STOP: 19,
  HEARD: 20,
  EXIT: 21,
  KILL: 22,
} as const;

const HEADER_BYTES = 8;
const HELLO_BYTES = 24;
export const MAX_FRAME_BYTES: number = HEADER_BYTES + MAX_TEXT;

/** A message that no client of this version sends. */
export class FrameError extends CodedError<"BAD_FRAME"> {}

export interface Hello {
  /** The client's stderr is a terminal. */
  readonly terminal: boolean;
  /** Number of words after `galgo`. */
  readonly words: number;
  /** Bit n-1 for signal n. */
  readonly ignoredSignals: bigint;
}

/** A frame of the client, after HELLO. */
export interface Frame {
  readonly type: number;
  readonly value: number;
  readonly text: string;
}

/** @throws FrameError; of another version, too */
export function decodeHello(bytes: Uint8Array): Hello {
  const view = viewOf(bytes);
  if (bytes.length !== HELLO_BYTES || view.getUint32(0, true) !== FRAME.HELLO)
    throw new FrameError("BAD_FRAME", "this is no client of galgo run");
  if (view.getUint32(4, true) !== MAGIC)
    throw new FrameError("BAD_FRAME", "the client is of another version than the daemon");
  return {
    terminal: (view.getUint32(8, true) & FLAG.TERMINAL) !== 0,
    words: view.getUint32(12, true),
    ignoredSignals: view.getBigUint64(16, true),
  };
}

/** @throws FrameError */
export function decodeFrame(bytes: Uint8Array): Frame {
  if (bytes.length < HEADER_BYTES)
    throw new FrameError("BAD_FRAME", `a message of ${bytes.length} bytes is no frame`);
  const view = viewOf(bytes);
  return {
    type: view.getUint32(0, true),
    value: view.getInt32(4, true),
    text: Buffer.from(bytes.subarray(HEADER_BYTES)).toString("utf8"),
  };
}

export function encodeFrame(
  type: number,
  value: number,
  text: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + text.length);
  const view = viewOf(bytes);
  view.setUint32(0, type, true);
  view.setInt32(4, value, true);
  bytes.set(text, HEADER_BYTES);
  return bytes;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
