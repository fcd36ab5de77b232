// SPDX-License-Identifier: Apache-2.0
// The words of the link between Galgo and an agent that runs elsewhere: kinds of messages, their payloads, verdicts. docs/tma-link.md
// describes the bytes; tma-core/agent/agent.c is the other side. Integers are little-endian.

/** Version of the link: the first byte of every message. */
export const LINK_VERSION = 1;
/** version, kind, sequence number (u64) */
export const HEADER_BYTES = 10;
/** HMAC-SHA-256 */
export const MAC_BYTES = 32;
export const DIGEST_BYTES = 32;
export const NONCE_BYTES = 16;
/** Set in the kind of an answer. */
export const ANSWER = 0x80;
/** Kind of the answer to a message that is authentic and wrong. */
export const FAULT = 0xff;
/** What the key of a session is made of besides the two nonces. */
export const SESSION_LABEL = "galgo tma link 1";

/** What a host may ask. */
export const KIND = {
  hello: 1,
  provision: 2,
  reset: 3,
  base: 4,
  aggregate: 5,
  load: 6,
  seal: 7,
  update: 8,
  event: 9,
  measurement: 10,
  state: 11,
  counts: 12,
} as const;

export type Kind = (typeof KIND)[keyof typeof KIND];

/** Bits of a verdict. */
const INSIDE = 1;
const ADDED = 2;
/** The agent's set has no room for a new coefficient: no verdict. */
const FULL = 17;

export const FAULTS: Readonly<Record<number, string>> = {
  1: "it does not know this kind of message",
  2: "the message has a wrong length",
};

/** What the model says of a coefficient, or why it says nothing. */
export type Verdict =
  | { readonly valid: boolean; readonly added: boolean }
  | { readonly none: "full" | "malformed" };

/** The verdict behind a status byte. What is not known as one is none. */
export function verdictOf(status: number): Verdict {
  if (status === FULL) return { none: "full" };
  if (status > (INSIDE | ADDED)) return { none: "malformed" };
  return { valid: (status & INSIDE) !== 0, added: (status & ADDED) !== 0 };
}

/** What an agent says of itself when a session begins. */
export interface Greeting {
  /** Points that it has room for. */
  readonly capacity: number;
  /** Bytes that a message may have, its MAC not counted. */
  readonly inputSize: number;
  /** Messages that may be unanswered. */
  readonly window: number;
  readonly agentNonce: Uint8Array;
  readonly hostNonce: Uint8Array;
}

const GREETING_BYTES = 1 + 4 + 2 + 1 + 2 * NONCE_BYTES;
/** The shortest input that has room for a few digests. */
const LEAST_INPUT = 256;

/** A greeting's payload; undefined when it is none. */
export function readGreeting(payload: Uint8Array): Greeting | undefined {
  if (payload.length !== GREETING_BYTES || payload[0] !== 1) return undefined;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const greeting: Greeting = {
    capacity: view.getUint32(1, true),
    inputSize: view.getUint16(5, true),
    window: view.getUint8(7),
    agentNonce: Uint8Array.from(payload.subarray(8, 8 + NONCE_BYTES)),
    hostNonce: Uint8Array.from(payload.subarray(8 + NONCE_BYTES)),
  };
  const usable = greeting.window > 0 && greeting.capacity > 0 && greeting.inputSize >= LEAST_INPUT;
  return usable ? greeting : undefined;
}

/** Counts of an agent's model. */
export interface AgentCounts {
  /** All points, invalid ones included. */
  readonly points: number;
  readonly invalid: number;
  /** Verdicts asked for, modulo 2^32. */
  readonly verdicts: number;
}

/** The payload of an answer to `counts`; undefined when it is none. */
export function readCounts(payload: Uint8Array): AgentCounts | undefined {
  if (payload.length !== 13) return undefined;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const [points, invalid, verdicts] = [1, 5, 9].map((at) => view.getUint32(at, true));
  if (points === undefined || invalid === undefined || verdicts === undefined) return undefined;
  return { points, invalid, verdicts };
}

/** What an agent needs to compute a coefficient by itself. */
export interface EventBytes {
  /** Hook, or `syscall:<name>`, in ASCII. */
  readonly name: Uint8Array;
  /** P_TASK_ID (where the mapping hashes it) and TASK_ID. */
  readonly ids: Uint8Array;
  readonly coe: Uint8Array;
  readonly cell: Uint8Array;
}

const EVENT_HEAD_BYTES = 6;

/** Payload of `event`; undefined when it is longer than `most` bytes, or a part than its length can say. */
export function eventPayload(event: EventBytes, most: number): Uint8Array | undefined {
  const { name, ids, coe, cell } = event;
  const length = EVENT_HEAD_BYTES + name.length + ids.length + coe.length + cell.length;
  if (length > most || name.length > 255 || ids.length > 255) return undefined;
  const payload = new Uint8Array(length);
  const view = new DataView(payload.buffer);
  payload[0] = name.length;
  payload[1] = ids.length;
  view.setUint16(2, coe.length, true);
  view.setUint16(4, cell.length, true);
  let at = EVENT_HEAD_BYTES;
  for (const part of [name, ids, coe, cell]) {
    payload.set(part, at);
    at += part.length;
  }
  return payload;
}
