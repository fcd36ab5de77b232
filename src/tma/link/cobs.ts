// SPDX-License-Identifier: Apache-2.0
// Consistent overhead byte stuffing (Cheshire and Baker, 1999): a frame without zeros, so that a zero ends it and a receiver that has lost
// its place finds it again.

/** Bytes that one length can stand for. */
const LONGEST_RUN = 254;

/** Frame of `bytes`, the zero at its end included. */
export function encodeCobs(bytes: Uint8Array): Uint8Array {
  const frame = new Uint8Array(bytes.length + Math.ceil(bytes.length / LONGEST_RUN) + 2);
  let codeAt = 0;
  let at = 1;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (byte !== 0) frame[at++] = byte;
    const run = at - codeAt;
    if (byte === 0 || (run > LONGEST_RUN && i + 1 < bytes.length)) {
      frame[codeAt] = run;
      codeAt = at++;
    }
  }
  frame[codeAt] = at - codeAt;
  frame[at++] = 0;
  return frame.subarray(0, at);
}

/** Bytes of a frame, given without the zero at its end; undefined when a length in it points behind its end or the frame holds a zero. */
export function decodeCobs(frame: Uint8Array): Uint8Array | undefined {
  const bytes = new Uint8Array(frame.length);
  if (frame.includes(0)) return undefined;
  let length = 0;
  for (let at = 0; at < frame.length; ) {
    const code = frame[at] ?? 0;
    const end = at + code;
    if (end > frame.length) return undefined;
    bytes.set(frame.subarray(at + 1, end), length);
    length += code - 1;
    at = end;
    // a zero follows each run but the longest and the last
    if (code <= LONGEST_RUN && at < frame.length) length++;
  }
  return bytes.subarray(0, length);
}
