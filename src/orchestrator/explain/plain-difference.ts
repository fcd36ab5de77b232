// SPDX-License-Identifier: Apache-2.0
// What differs between two behaviours, for people: members by their usual names, programs for TASK_IDs, short digests. Everything is quoted.
import { quote } from "../../base/quote.ts";
import type { Nearest } from "../../model/index.ts";

/** What a member that differs is called. The first matching end of its name decides. */
const FIELD_WORDS: readonly (readonly [RegExp, string])[] = [
  [/^hook$/, "operation"],
  [/^program$/, "program"],
  [/^parent$/, "started by"],
  [/pathname$/, "path"],
  [/digest$/, "content"],
  [/inode\.mode$/, "mode"],
  [/inode\.uid$/, "owner"],
  [/inode\.gid$/, "group"],
  [/sMagic$/, "filesystem"],
  [/flags$/, "flags"],
  [/\.created$/, "kind of created file"],
  [/\.owner$/, "created by"],
  [/\.port$/, "port"],
  [/^addr\.address$/, "address"],
];

/** Names programs by their TASK_IDs. */
export interface ProgramNamer {
  programOf(taskId: string): string | undefined;
}

const DIGEST = /^[0-9a-f]{64,128}$/;
/** Digits of a digest that are shown. */
export const SHOWN_DIGITS = 12;

/** Fit to be shown as it is. */
export interface PlainDifference {
  readonly field: string;
  readonly expected: string;
  readonly got: string;
}

/** A difference with programs named and digests shortened; values are quoted. */
export function plainDifference(
  { field, expected, got }: Nearest["differs"][number],
  actors: ProgramNamer,
): PlainDifference {
  const words = FIELD_WORDS.find(([name]) => name.test(field))?.[1] ?? field;
  const plain = (value: string): string => plainNumber(field, value) ?? plainValue(value, actors);
  const [shown, other] = [plain(expected), plain(got)];
  if (shown !== other) return { field: words, expected: shown, got: other };
  // two programs of one path, or two numbers that read the same
  const exact = (value: string): string =>
    `${plain(value)} (${DIGEST.test(value) ? `${value.slice(0, SHOWN_DIGITS)}...` : quote(value)})`;
  return { field: words, expected: exact(expected), got: exact(got) };
}

/** Numbers that nobody reads as they are: addresses and ports in network order, flags. */
function plainNumber(field: string, text: string): string | undefined {
  if (!/^\d+$/.test(text)) return undefined;
  const value = Number(text);
  if (field === "addr.address")
    return [0, 8, 16, 24].map((shift) => (value >>> shift) & 255).join(".");
  if (field === "addr.port")
    return value === 0xffff ? "any from 32768" : String(((value & 255) << 8) | (value >> 8));
  if (/flags$|prot$|cmd$/.test(field)) return `0x${value.toString(16)}`;
  return field.endsWith("mode") ? `0${value.toString(8)}` : undefined;
}

function plainValue(value: string, actors: ProgramNamer): string {
  if (/^0{64,128}$/.test(value)) return "nobody";
  if (!DIGEST.test(value)) return quote(value);
  const program = actors.programOf(value);
  return program === undefined ? `${value.slice(0, SHOWN_DIGITS)}...` : quote(program);
}
