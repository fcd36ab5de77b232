// SPDX-License-Identifier: Apache-2.0
// Parcels: items of one host in the order in which they happened, numbered without a gap, kept by the host until the fleet has committed
// them. On the bus a parcel is its JSON, or the letter "z" and the JSON deflated (zlib, RFC 1950).
import * as z from "zod/mini";
import { LinkError } from "./errors.ts";
import { itemSchema } from "./item-schema.ts";
import type { Item } from "./items.ts";
import { MAX_ITEMS, MAX_MESSAGE_BYTES, MAX_PARCEL_BYTES, MAX_RANGES } from "./limits.ts";
import {
  count,
  epoch,
  hostId,
  jsonOf,
  lazily,
  readMessage,
  readValue,
  time,
  version,
} from "./parts.ts";
import type { HostId } from "./subjects.ts";

export interface Parcel {
  readonly v: 1;
  readonly host: HostId;
  /** Of the host's spool: another one, greater as text, when the spool was begun anew. */
  readonly epoch: string;
  /** From 1, one more for each parcel of the epoch; where the spool had to drop one, a notice says so. */
  readonly seq: number;
  readonly at: number;
  readonly items: readonly Item[];
}

/** First and last number, both included. */
export type SeqRange = readonly [first: number, last: number];

/** What the fleet has in its database, and the host need not keep. */
export interface Committed {
  readonly v: 1;
  readonly epoch: string;
  /** Ascending, none touches the next. */
  readonly ranges: readonly SeqRange[];
}

const DEFLATED = 0x7a;

/** Node's or the browser's. `max` is the most bytes that may come out: more is an error. */
export type Inflate = (bytes: Uint8Array, max: number) => Uint8Array;
export type Deflate = (bytes: Uint8Array) => Uint8Array;

const parcelSchema = lazily<Parcel>(() =>
  z.strictObject({
    v: version(),
    host: hostId(),
    epoch: epoch(),
    seq: count().check(z.refine((value) => value > 0, "has to be at least 1")),
    at: time(),
    items: z.array(itemSchema()).check(z.maxLength(MAX_ITEMS)),
  }),
);

/**
 * @param from the host by its subject, which the server of the bus has checked
 * @throws LinkError TOO_LARGE, BAD_MESSAGE; NOT_FOR_US: it says that it is another host's
 */
export function readParcel(bytes: Uint8Array, from: HostId, inflate: Inflate): Parcel {
  const what = `a parcel of ${from}`;
  const parcel = readValue(jsonOf(parcelText(bytes, inflate, what), what), parcelSchema(), what);
  if (parcel.host === from) return parcel;
  throw new LinkError("NOT_FOR_US", `${what} says that it is of ${parcel.host}`);
}

function parcelText(bytes: Uint8Array, inflate: Inflate, what: string): Uint8Array {
  if (bytes.length > MAX_MESSAGE_BYTES) {
    const problem = `${what} has ${bytes.length} bytes, at most ${MAX_MESSAGE_BYTES} are read`;
    throw new LinkError("TOO_LARGE", problem);
  }
  if (bytes[0] !== DEFLATED) return bytes;
  try {
    return inflate(bytes.subarray(1), MAX_PARCEL_BYTES);
  } catch (cause) {
    const problem = `${what} is not deflated as it has to be, or to more than ${MAX_PARCEL_BYTES} bytes`;
    throw new LinkError("BAD_MESSAGE", problem, { cause });
  }
}

/** The bytes of a parcel, deflated when that is shorter. @throws LinkError TOO_LARGE: split it */
export function writeParcel(parcel: Parcel, deflate?: Deflate): Uint8Array {
  const plain = new TextEncoder().encode(JSON.stringify(parcel));
  const what = `parcel ${parcel.seq}`;
  if (plain.length > MAX_PARCEL_BYTES) {
    throw new LinkError(
      "TOO_LARGE",
      `${what} has ${plain.length} bytes, at most ${MAX_PARCEL_BYTES} are read`,
    );
  }
  const packed = deflate?.(plain);
  const bytes = packed !== undefined && packed.length + 1 < plain.length ? marked(packed) : plain;
  if (bytes.length <= MAX_MESSAGE_BYTES) return bytes;
  throw new LinkError(
    "TOO_LARGE",
    `${what} has ${bytes.length} bytes, at most ${MAX_MESSAGE_BYTES} are sent`,
  );
}

function marked(packed: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(packed.length + 1);
  bytes[0] = DEFLATED;
  bytes.set(packed, 1);
  return bytes;
}

/** Header Nats-Msg-Id of a parcel: the bus drops what comes twice within some minutes, the database what comes twice later. */
export function parcelId({ host, epoch, seq }: Pick<Parcel, "host" | "epoch" | "seq">): string {
  return `${host}.${epoch}.${seq}`;
}

const committedSchema = lazily<Committed>(() =>
  z.strictObject({
    v: version(),
    epoch: epoch(),
    ranges: z
      .array(z.tuple([count(), count()]))
      .check(z.maxLength(MAX_RANGES), z.refine(isAscending, "has to be ascending ranges")),
  }),
);

/** @throws LinkError */
export function readCommitted(bytes: Uint8Array): Committed {
  return readMessage(bytes, committedSchema(), "a notice of what is committed");
}

function isAscending(ranges: readonly SeqRange[]): boolean {
  return ranges.every(([first, last], i) => first <= last && first > (ranges[i - 1]?.[1] ?? -1));
}

/** Numbers as ranges. @param seqs in any order, also several times */
export function rangesOf(seqs: readonly number[]): readonly SeqRange[] {
  const ranges: [number, number][] = [];
  for (const seq of [...seqs].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && seq <= last[1] + 1) last[1] = Math.max(last[1], seq);
    else ranges.push([seq, seq]);
  }
  return ranges;
}
