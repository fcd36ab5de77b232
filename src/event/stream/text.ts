// SPDX-License-Identifier: Apache-2.0
// Records travel as latin1 text, one character a byte; they are read as the text of base/path-text.ts, in which UTF-8 is decoded.
import { decodePath } from "../../base/path-text.ts";

const NOT_ASCII = /[\x80-\xff]/;

/** The text to read, of bytes as latin1 text. The CR of a CR LF behind a record goes; one in a name stays. */
export function readableText(bytes: string): string {
  const line = bytes.endsWith("}\r") ? bytes.slice(0, -1) : bytes;
  return NOT_ASCII.test(line) ? decodePath(bytesOf(line)) : line;
}

function bytesOf(latin1: string): Uint8Array {
  const bytes = new Uint8Array(latin1.length);
  for (let i = 0; i < latin1.length; i++) bytes[i] = latin1.charCodeAt(i);
  return bytes;
}
