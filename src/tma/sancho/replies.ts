// SPDX-License-Identifier: Apache-2.0
// What a Sancho device answers: frames (length, bytes), and what is in them. A reply that is not quite one of the known is none.

/** Bytes in a frame at most. */
export const MAX_FRAME_BYTES = 262_144;
/** Frames of a list at most. */
export const MAX_LIST_FRAMES = 1_000_000;
const LENGTH_BYTES = 4;
const DIGEST_BYTES = 32;

/** A command as it is sent: length, text, NUL. */
export function commandFrame(command: string): Uint8Array {
  const text = Buffer.from(`${command}\0`, "utf8");
  const frame = Buffer.alloc(LENGTH_BYTES + text.length);
  frame.writeUInt32BE(text.length, 0);
  text.copy(frame, LENGTH_BYTES);
  return frame;
}

export type Framed =
  /** The first frame, and what came behind it. */
  | { readonly payload: Buffer; readonly rest: Buffer }
  /** More bytes are needed. */
  | "more"
  /** A length that no frame has. */
  | { readonly badLength: number };

/** The first frame of what has come. */
export function firstFrame(bytes: Buffer): Framed {
  if (bytes.length < LENGTH_BYTES) return "more";
  const length = bytes.readUInt32BE(0);
  if (length === 0 || length > MAX_FRAME_BYTES) return { badLength: length };
  const end = LENGTH_BYTES + length;
  if (bytes.length < end) return "more";
  return { payload: bytes.subarray(LENGTH_BYTES, end), rest: bytes.subarray(end) };
}

/** A text, with or without the NUL behind it; undefined when it holds another, or anything that is not printable ASCII. */
export function replyText(payload: Buffer): string | undefined {
  const text = payload.toString("latin1");
  const plain = text.endsWith("\0") ? text.slice(0, -1) : text;
  return /^[ -~]*$/.test(plain) ? plain : undefined;
}

/** True: released; false: disciplined; undefined: no verdict, or one about another process. */
export function verdictIn(payload: Buffer, pid: number): boolean | undefined {
  switch (replyText(payload)) {
    case `RELEASE ${pid}`:
      return true;
    case `DISCIPLINE ${pid}`:
      return false;
    default:
      return undefined;
  }
}

/** A digest, hex. */
export function digestIn(payload: Buffer): string | undefined {
  return payload.length === DIGEST_BYTES ? payload.toString("hex") : undefined;
}

/** Length of a list: size_t of the device, little-endian. */
export function countIn(payload: Buffer): number | undefined {
  if (payload.length !== 4 && payload.length !== 8) return undefined;
  const count = payload.length === 4 ? BigInt(payload.readUInt32LE(0)) : payload.readBigUInt64LE(0);
  return count > MAX_LIST_FRAMES ? undefined : Number(count);
}

/** A coefficient of a list, hex. */
export function coefficientIn(payload: Buffer): string | undefined {
  const text = replyText(payload) ?? "";
  return /^[0-9a-f]{64}$/.test(text) ? text : undefined;
}
