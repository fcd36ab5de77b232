// SPDX-License-Identifier: Apache-2.0
// JSON that all readers read alike: UTF-8 without a mark in front, no key twice in one object, not nested without end. What is signed is
// checked by one program and used by another, so the two must not see different things.
import { quote } from "../../base/quote.ts";
import { MAX_JSON_DEPTH, MAX_JSON_PARTS } from "../signed/limits.ts";
import { SignatureError } from "../signed/errors.ts";

/**
 * The value of JSON text.
 * @param name of the thing, for messages; shown as it is
 * @throws SignatureError BAD_JSON
 */
export function parseStrictJson(text: string, name: string): unknown {
  let value: unknown;
  refuseAmbiguous(text, name);
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? quote(cause.message, 200) : "";
    throw new SignatureError("BAD_JSON", `${name} is not JSON: ${why}`, { cause });
  }
  return value;
}

/** As `parseStrictJson`, of UTF-8. @throws SignatureError BAD_JSON */
export function parseStrictJsonBytes(bytes: Uint8Array, name: string): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new SignatureError("BAD_JSON", `${name} is not UTF-8`, { cause });
  }
  return parseStrictJson(text, name);
}

/** How far the text was looked at. */
interface Look {
  readonly name: string;
  /** Objects and arrays that are open: the keys that each has so far; none for an array. */
  readonly open: (Set<string> | undefined)[];
  /** Objects, arrays and members so far. */
  parts: number;
}

const AFTER = /\s*:/y;

/** Looks at brackets and strings only; whether it is JSON at all is for the parser. */
function refuseAmbiguous(text: string, name: string): void {
  const look: Look = { name, open: [], parts: 0 };
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case 0x22:
        i = pastString(text, i, look);
        break;
      case 0x7b:
        opened(look, new Set());
        break;
      case 0x5b:
        opened(look, undefined);
        break;
      case 0x7d:
      case 0x5d:
        look.open.pop();
        break;
    }
  }
}

function opened(look: Look, keys: Set<string> | undefined): void {
  counted(look);
  look.open.push(keys);
  if (look.open.length <= MAX_JSON_DEPTH) return;
  const problem = `${look.name} is nested more than ${MAX_JSON_DEPTH} levels deep`;
  throw new SignatureError("BAD_JSON", problem);
}

function counted(look: Look): void {
  if (++look.parts <= MAX_JSON_PARTS) return;
  const problem = `${look.name} has more than ${MAX_JSON_PARTS} objects, arrays and members`;
  throw new SignatureError("BAD_JSON", problem);
}

/** Place of the last character of the string at `start`, whose text is noted when it is a key. */
function pastString(text: string, start: number, look: Look): number {
  const end = endOfString(text, start);
  const keys = look.open.at(-1);
  if (keys === undefined) return end;
  AFTER.lastIndex = end + 1;
  if (!AFTER.test(text)) return end;
  counted(look);
  const key = keyOf(text.slice(start, end + 1), look.name);
  if (keys.has(key)) {
    throw new SignatureError("BAD_JSON", `${look.name} has the key ${quote(key, 60)} twice`);
  }
  keys.add(key);
  return end;
}

function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22) return i;
    if (code === 0x5c) i++;
  }
  return text.length;
}

function keyOf(literal: string, name: string): string {
  try {
    return String(JSON.parse(literal));
  } catch (cause) {
    throw new SignatureError("BAD_JSON", `${name} is not JSON: a key is written wrongly`, {
      cause,
    });
  }
}
