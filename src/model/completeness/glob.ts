// SPDX-License-Identifier: Apache-2.0
// Patterns of names as people write them: `*` any characters but `/`, `**` any at all, `?` one but `/`, `\` takes the meaning of the next away.

/** True when the whole text fits. */
export type TextTest = (text: string) => boolean;

type Part = { readonly text: string } | { readonly any: "one" | "some" | "all" };

/** Makes a test of a pattern; its time grows with pattern times text, whatever both are. */
export function globTest(pattern: string): TextTest {
  const parts = partsOf(pattern);
  const first = parts.findIndex((part) => "any" in part);
  const start = textOf(first < 0 ? parts : parts.slice(0, first));
  if (first < 0) return (text) => text === start;
  const end = textOf(parts.slice(parts.findLastIndex((part) => "any" in part) + 1));
  return (text) => text.startsWith(start) && text.endsWith(end) && fits(parts, text);
}

function textOf(parts: readonly Part[]): string {
  return parts.map((part) => ("text" in part ? part.text : "")).join("");
}

function partsOf(pattern: string): Part[] {
  const parts: Part[] = [];
  for (const [token] of pattern.matchAll(/\\[\s\S]|\*\*+|[\s\S]/g)) {
    if (token.startsWith("**")) parts.push({ any: "all" });
    else if (token === "*") parts.push({ any: "some" });
    else if (token === "?") parts.push({ any: "one" });
    else parts.push({ text: token.length > 1 ? token.slice(1) : token });
  }
  return parts;
}

/** Walks the text once, with the set of places in the pattern that can be reached. */
function fits(parts: readonly Part[], text: string): boolean {
  let places = reach(parts, new Set([0]));
  for (const char of text.split("")) {
    const next = new Set<number>();
    for (const place of places) {
      const to = after(parts[place], char, place);
      if (to !== undefined) next.add(to);
    }
    if (next.size === 0) return false;
    places = reach(parts, next);
  }
  return places.has(parts.length);
}

/** Where a character leads to from a place. */
function after(part: Part | undefined, char: string, place: number): number | undefined {
  if (part === undefined) return undefined;
  if ("text" in part) return part.text === char ? place + 1 : undefined;
  if (part.any === "all") return place;
  if (char === "/") return undefined;
  return part.any === "one" ? place + 1 : place;
}

/** Stars may stand for nothing. */
function reach(parts: readonly Part[], from: ReadonlySet<number>): Set<number> {
  const places = new Set(from);
  for (const place of places) {
    const part = parts[place];
    if (part !== undefined && "any" in part && part.any !== "one") places.add(place + 1);
  }
  return places;
}
