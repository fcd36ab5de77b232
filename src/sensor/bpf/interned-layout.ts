// SPDX-License-Identifier: Apache-2.0
// Where the keys of a table go when all of them are known: each has two buckets, and one in the way may go to its other one.
import { ENTRIES_A_BUCKET } from "./interned-table.ts";

/** Keys that are pushed aside for one before the table counts as too small. */
const MAX_PUSHES = 500;

/**
 * A bucket for each of `count` keys such that none has more than it holds.
 * @param choices the two buckets of a key
 * @returns undefined when none was found: the table is too small
 */
export function layOut(
  count: number,
  buckets: number,
  choices: (key: number) => readonly [number, number],
): Int32Array | undefined {
  const bucketOf = new Int32Array(count).fill(-1);
  const content: number[][] = Array.from({ length: buckets }, () => []);
  for (let key = 0; key < count; key++) {
    if (!place(key, bucketOf, content, choices)) return undefined;
  }
  return bucketOf;
}

function place(
  first: number,
  bucketOf: Int32Array,
  content: readonly number[][],
  choices: (key: number) => readonly [number, number],
): boolean {
  let key = first;
  let from = -1;
  for (let push = 0; push < MAX_PUSHES; push++) {
    const [a, b] = choices(key);
    const [inA = [], inB = []] = [content[a], content[b]];
    const least = inA.length <= inB.length ? a : b;
    const into = content[least] ?? [];
    if (into.length < ENTRIES_A_BUCKET) {
      into.push(key);
      bucketOf[key] = least;
      return true;
    }
    // not back to where it was pushed out of; the one that has been there longest gives way
    const bucket = from === a ? b : a;
    const full = content[bucket] ?? [];
    const aside = full.shift() ?? key;
    full.push(key);
    bucketOf[key] = bucket;
    key = aside;
    from = bucket;
  }
  return false;
}
