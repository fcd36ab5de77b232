// SPDX-License-Identifier: Apache-2.0
// Finds the line of a key in a TOML text, for messages. The parser tells values without their places, so this looks again:
// at the headers of tables and at the keys at the begin of lines, which is how such files are written.

const HEADER = /^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$/;
const KEY =
  /^\s*((?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+))*)\s*=/;

/** The line (from 1) of the key at `path`, of the nearest table around it where the key itself is not found; 1 at worst. */
export function lineOf(text: string, path: readonly PropertyKey[]): number {
  const wanted = path.map(String);
  let best = { line: 1, depth: 0 };
  for (const { line, names: here } of places(text)) {
    const depth = here.every((name, i) => name === wanted[i]) ? here.length : 0;
    if (depth > best.depth) best = { line, depth };
  }
  return best.line;
}

/** Every header and every key with its line. */
function* places(
  text: string,
): Generator<{ readonly line: number; readonly names: readonly string[] }> {
  const counts = new Map<string, number>();
  let table: readonly string[] = [];
  for (const [at, line] of text.split("\n").entries()) {
    const header = HEADER.exec(line);
    const key = header === null ? KEY.exec(line)?.[1] : undefined;
    if (header !== null) table = tableOf(header, counts);
    if (header !== null || key !== undefined)
      yield { line: at + 1, names: [...table, ...(key === undefined ? [] : names(key))] };
  }
}

/** Path of a table; one of an array of tables has its number at the end. */
function tableOf(header: RegExpExecArray, counts: Map<string, number>): readonly string[] {
  const [, open, name = ""] = header;
  const path = names(name);
  if (open !== "[[") return path;
  const id = path.join(".");
  const number = counts.get(id) ?? 0;
  counts.set(id, number + 1);
  return [...path, String(number)];
}

function names(dotted: string): string[] {
  const parts = dotted.match(/"[^"]*"|'[^']*'|[^.\s]+/g) ?? [];
  return parts.map((part) => part.replace(/^(["'])(.*)\1$/, "$2"));
}
