// SPDX-License-Identifier: Apache-2.0
// A page's way to latin1 text.
import type { Latin1Text } from "../event/index.ts";

/** Characters given to String.fromCharCode at once. */
const CHUNK = 4096;

export const pageText: Latin1Text = (chunk, start, end) => {
  let text = "";
  for (let at = start; at < end; at += CHUNK)
    text += String.fromCharCode(...chunk.subarray(at, Math.min(at + CHUNK, end)));
  return text;
};
