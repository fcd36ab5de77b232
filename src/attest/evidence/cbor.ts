// SPDX-License-Identifier: Apache-2.0
// CBOR (RFC 8949) as evidence needs it, in its deterministic encoding (4.2.1) and in no other: integers, texts, byte strings, arrays,
// maps, tags, true, false and null. No floats, no indefinite lengths.
import { CodedError } from "../../base/errors.ts";

export interface CborTag {
  readonly tag: number;
  readonly value: CborValue;
}

/** Labels of claims and headers. */
export type CborKey = number | string;
export type CborMap = ReadonlyMap<CborKey, CborValue>;
export type CborValue =
  | number
  | string
  | boolean
  | null
  | Uint8Array
  | readonly CborValue[]
  | CborMap
  | CborTag;

export type CborErrorCode = "MALFORMED" | "NOT_DETERMINISTIC" | "UNSUPPORTED" | "TOO_MUCH";

/** `facts.offset` says where, for what was read. */
export class CborError extends CodedError<CborErrorCode> {}

/** Major types. */
export const UNSIGNED = 0;
export const NEGATIVE = 1;
export const BYTES = 2;
export const TEXT = 3;
export const ARRAY = 4;
export const MAP = 5;
export const TAG = 6;
export const SIMPLE = 7;

export const FALSE = 20;
export const TRUE = 21;
export const NULL = 22;

/** Order of encoded keys: bytewise. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
