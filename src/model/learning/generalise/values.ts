// SPDX-License-Identifier: Apache-2.0
// Whether what stands in a hole is what the hole is for. Numbers, dates and uuids show themselves; of random text only several values together
// do: they are not words, and none comes back.
import type { Hole } from "../../template/holes.ts";

/** What stood in a hole, and in which runs. */
export interface HoleValue {
  readonly text: string;
  readonly runs: ReadonlySet<number>;
}

/** Hex digits that are no number by their length. */
const LONG_HEX = 8;
/** So many different values make short hex digits believable. */
const SEVERAL = 3;
/** Text of that length in capital hex digits is a number, as PostgreSQL writes them, and so are digits of this length. */
const CAPITAL_HEX = 8;
const LONG_NUMBER = 16;

/**
 * @param changing values that some runs met and others did not
 * @param stable values that every run met
 * @param runs number of runs
 */
export function isBelievable(
  hole: Hole,
  changing: readonly HoleValue[],
  stable: readonly HoleValue[],
  runs: number,
): boolean {
  switch (hole.type) {
    case "hex":
      return hole.size !== undefined && hole.size < LONG_HEX
        ? isShortHex(changing, stable)
        : isHex(changing);
    case "id":
    case "tmp":
      return isRandom(changing, stable, runs);
    case "name":
    case "path":
      return false;
    default:
      return true;
  }
}

function textsOf(values: readonly HoleValue[]): readonly string[] {
  return [...new Set(values.map(({ text }) => text))];
}

/** Some value has letters: else it is a number. */
function isHex(values: readonly HoleValue[]): boolean {
  return values.some(({ text }) => /[a-f]/.test(text));
}

/** Parts of digests, as directories of a cache: many values with digits and letters, so that they are no words. */
function isShortHex(changing: readonly HoleValue[], stable: readonly HoleValue[]): boolean {
  const texts = textsOf([...changing, ...stable]);
  const words = textsOf(stable).filter((text) => !/\d/.test(text)).length;
  const letters = texts.filter((text) => /[a-f]/.test(text)).length;
  const digits = texts.filter((text) => /\d/.test(text)).length;
  return texts.length >= SEVERAL && letters > 0 && digits > 0 && words * 4 <= texts.length;
}

/** No value comes back in another run, a third of them look like no word, and what all runs have looks like none either. */
function isRandom(
  changing: readonly HoleValue[],
  stable: readonly HoleValue[],
  runs: number,
): boolean {
  const texts = textsOf(changing);
  const all = textsOf([...changing, ...stable]);
  if (all.every((text) => text.length >= CAPITAL_HEX && /^[0-9A-F]+$/.test(text)))
    return all.some((text) => /[A-F]/.test(text) || text.length >= LONG_NUMBER);
  if (texts.length < 2 || !stable.every(({ text }) => looksRandom(text))) return false;
  const returned = changing.filter((value) => value.runs.size > 1).length;
  if (runs > 1 && returned > 0) return false;
  return texts.filter(looksRandom).length * 3 >= texts.length;
}

/** Nobody can say it. */
const CONSONANTS = /[bcdfghjklmnpqrstvwxz]{4}/i;

/**
 * Digits among letters, capitals behind small letters, or many consonants in a row. A word with a number at its end, or one that begins
 * with a capital, does not.
 */
export function looksRandom(text: string): boolean {
  if (CONSONANTS.test(text)) return true;
  if (/^[A-Za-z]*[0-9]*$/.test(text)) return /[a-z][A-Z]|[A-Z]{2}[a-z]/.test(text);
  return /[A-Za-z]/.test(text) && /[0-9]/.test(text);
}
