// SPDX-License-Identifier: Apache-2.0
// Node's way to latin1 text.
import type { Latin1Text } from "../../event/index.ts";

/** Buffer's own method, faster than toString and missing in its type. */
type Latin1 = Buffer & { latin1Slice(start: number, end?: number): string };

/** Text of a chunk that is a Buffer. */
export const bufferText: Latin1Text = (chunk, start, end) =>
  (chunk as Latin1).latin1Slice(start, end);
