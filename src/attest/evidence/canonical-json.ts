// SPDX-License-Identifier: Apache-2.0
// JSON in the one form that its content has (RFC 8785). What has a member twice, blanks, or a number written otherwise is not in it, so
// two readers can not see two things in one text.
import canonicalize from "canonicalize";
import { TokenError } from "./errors.ts";
import { MAX_DEPTH } from "./limits.ts";

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = [0x5b, 0x7b];
const CLOSE = [0x5d, 0x7d];

/** UTF-8 of the canonical text. */
export function encodeJson(value: JsonValue): Uint8Array {
  return new TextEncoder().encode(canonicalize(value) ?? "");
}

/** @param what names it for people. @throws TokenError MALFORMED when it is not JSON, or not in its canonical form */
export function decodeJson(bytes: Uint8Array, what: string): unknown {
  // whoever writes the canonical form again goes down into each level
  if (deepest(bytes) > MAX_DEPTH)
    throw new TokenError("MALFORMED", `${what}: more than ${MAX_DEPTH} levels of JSON`);
  let text: string;
  let value: unknown;
  let again: string | undefined;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
    again = canonicalize(value);
  } catch (error) {
    throw new TokenError("MALFORMED", `${what}: not JSON`, { cause: error });
  }
  if (again !== text)
    throw new TokenError("MALFORMED", `${what}: not JSON in its canonical form (RFC 8785)`);
  return value;
}

/** Levels of arrays and objects in one another; what is not JSON has at least as many as a reader would get to. */
function deepest(bytes: Uint8Array): number {
  let depth = 0;
  let most = 0;
  let inText = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (byte === QUOTE) inText = !inText;
    if (inText) {
      // what is escaped does not end the text
      if (byte === BACKSLASH) i += 1;
      continue;
    }
    depth += step(byte);
    most = Math.max(most, depth);
  }
  return most;
}

function step(byte: number): number {
  if (OPEN.includes(byte)) return 1;
  return CLOSE.includes(byte) ? -1 : 0;
}
