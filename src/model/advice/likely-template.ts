// SPDX-License-Identifier: Apache-2.0
// What two names that differ may have in common: a template whose holes stand where they differ. A guess for people, never used to decide.

/** Parts of a component: what stands between them separates them. */
const SEPARATORS = /([.\-_@+~=,:]+)/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const MIN_HEX = 8;
const MIN_ID = 8;
/** Components that may differ; names that differ in more of them have nothing to do with each other. */
const MAX_DIFFERENT = 2;

/**
 * The template that both names match, as text (see template/), and the holes that it needed; undefined when they do not differ in parts
 * that look as if they were made by chance or by counting.
 */
export function likelyTemplate(
  a: string,
  b: string,
): { readonly template: string; readonly holes: readonly string[] } | undefined {
  const [x, y] = [a.split("/"), b.split("/")];
  if (x.length !== y.length || a === b) return undefined;
  const holes: string[] = [];
  let different = 0;
  const parts: string[] = [];
  for (const [i, part] of x.entries()) {
    const other = y[i] ?? "";
    if (part !== other) different += 1;
    const joined = part === other ? escaped(part) : joinComponents(part, other, holes);
    if (joined === undefined || different > MAX_DIFFERENT) return undefined;
    parts.push(joined);
  }
  return { template: parts.join("/"), holes };
}

function joinComponents(a: string, b: string, holes: string[]): string | undefined {
  if (UUID.test(a) && UUID.test(b)) return take("{uuid}", holes);
  const [x, y] = [a.split(SEPARATORS), b.split(SEPARATORS)];
  if (x.length !== y.length) return undefined;
  const parts: string[] = [];
  for (const [i, part] of x.entries()) {
    const other = y[i] ?? "";
    if (part === other) parts.push(escaped(part));
    else {
      const hole = holeFor(part, other);
      if (hole === undefined) return undefined;
      parts.push(take(hole, holes));
    }
  }
  return parts.join("");
}

function holeFor(a: string, b: string): string | undefined {
  const both = (pattern: RegExp): boolean => pattern.test(a) && pattern.test(b);
  if (both(/^[0-9]+$/) && !(a.length === b.length && a.length >= 2 * MIN_HEX)) return "{n}";
  if (both(/^[0-9a-f]+$/) && a.length === b.length && a.length >= MIN_HEX)
    return `{hex:${a.length}}`;
  if (both(/^[0-9a-f]{8,}$/)) return "{hex}";
  if (both(/^[A-Za-z0-9]{6,12}$/) && (chancy(a) || chancy(b))) return "{tmp}";
  if (
    both(/^[A-Za-z0-9]+$/) &&
    a.length === b.length &&
    a.length >= MIN_ID &&
    (chancy(a) || chancy(b))
  )
    return `{id:${a.length}}`;
  return numbered(a, b);
}

/** `worker1` and `worker22`. */
function numbered(a: string, b: string): string | undefined {
  const [x, y] = [/^(.*?)([0-9]+)$/.exec(a), /^(.*?)([0-9]+)$/.exec(b)];
  if (x === null || y === null || x[1] !== y[1]) return undefined;
  return `${escaped(x[1] ?? "")}{n}`;
}

/** Cases or digits mixed as nobody writes words. */
function chancy(text: string): boolean {
  return /[a-z][A-Z]|[A-Za-z][0-9]+[A-Za-z]/.test(text);
}

function take(hole: string, holes: string[]): string {
  holes.push(/\{[^}]*\}/.exec(hole)?.[0] ?? hole);
  return hole;
}

function escaped(text: string): string {
  return text.replaceAll("{", "{{");
}
