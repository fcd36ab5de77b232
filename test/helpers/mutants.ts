// SPDX-License-Identifier: Apache-2.0
// What becomes of good input in bad hands: bytes, text and JSON with a few changes each.
import fc from "fast-check";

/** Values at which formats break, when they break. */
const EDGES: readonly number[] = [0, 1, 0x1f, 0x20, 0x22, 0x2e, 0x5c, 0x7f, 0x80, 0xa0, 0xbf, 0xff];
/** Characters that parsers trip over. */
const ODD: readonly string[] = [
  ...['"', "\\", "{", "}", "[", "]", ",", ":", "=", "-", "_", "+", "/", ".", "\n", "\r", "\t", " "],
  ...[
    "\0",
    "\u001b[2J",
    "\u202e",
    "\u00e9",
    "\ud800",
    "\ufeff",
    "0",
    "-1",
    "1e999",
    "null",
    "__proto__",
  ],
];
const MAX_CHANGES = 4;

interface Change {
  readonly kind: "set" | "cut" | "put" | "twice" | "end";
  readonly at: number;
  readonly size: number;
  readonly pick: number;
}

const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom("set", "cut", "put", "twice", "end"),
  at: fc.nat(),
  size: fc.nat(12),
  pick: fc.nat(4_095),
});

const changes = fc.array(change, { minLength: 1, maxLength: MAX_CHANGES });

/** The parts of a thing after a change; `put` makes a part of a number. */
function changed<T>(parts: readonly T[], put: (pick: number) => T, how: Change): readonly T[] {
  const { kind, size, pick } = how;
  const at = parts.length === 0 ? 0 : how.at % parts.length;
  const [before, here, after] = [
    parts.slice(0, at),
    parts.slice(at, at + size),
    parts.slice(at + size),
  ];
  if (kind === "end") return before;
  if (kind === "cut") return [...before, ...after];
  if (kind === "twice") return [...before, ...here, ...here, ...after];
  const rest = kind === "set" ? parts.slice(at + 1) : parts.slice(at);
  return [...before, put(pick), ...rest];
}

/** Any bytes, and changes of `good`. */
export function mutantBytes(good: Uint8Array): fc.Arbitrary<Uint8Array> {
  const put = (pick: number): number =>
    pick % 2 === 0 ? (EDGES[(pick >> 1) % EDGES.length] ?? 0) : (pick >> 1) % 256;
  const near = changes.map((list) =>
    Uint8Array.from(
      list.reduce<readonly number[]>((all, how) => changed(all, put, how), [...good]),
    ),
  );
  return fc.oneof({ weight: 5, arbitrary: near }, fc.uint8Array({ maxLength: 200 }));
}

/** Any text, changes of `good`, and where that is JSON, changes of its value. */
export function mutantText(good: string): fc.Arbitrary<string> {
  const put = (pick: number): string => ODD[pick % ODD.length] ?? "";
  const near = changes.map((list) =>
    list.reduce<readonly string[]>((all, how) => changed(all, put, how), [...good]).join(""),
  );
  const far = fc.string({ unit: "binary", maxLength: 100 });
  const value = jsonOf(good);
  const other = value === undefined ? [] : [mutantJson(value).map((each) => JSON.stringify(each))];
  return fc.oneof(
    { weight: 3, arbitrary: near },
    far,
    ...other.map((arbitrary) => ({ weight: 4, arbitrary })),
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const anyJson: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(null, true, 0, -1, 2 ** 53, 1.5, "", "\u001b[2J", "a".repeat(5_000), [], {}),
  fc.jsonValue({ maxDepth: 2 }),
);

/** A JSON value in which one or two members are other ones, missing, or new. */
export function mutantJson(good: unknown): fc.Arbitrary<unknown> {
  const one = fc.record({
    at: fc.nat(),
    kind: fc.constantFrom("set", "cut", "put"),
    value: anyJson,
  });
  return fc
    .array(one, { minLength: 1, maxLength: 2 })
    .map((list) => list.reduce((value, how) => withChange(value, how), good));
}

interface JsonChange {
  readonly at: number;
  readonly kind: string;
  readonly value: unknown;
}

function withChange(good: unknown, { at, kind, value }: JsonChange): unknown {
  const copy: unknown = structuredClone(good);
  const places = placesIn(copy);
  const place = places[at % Math.max(places.length, 1)];
  if (place === undefined) return value;
  const { holder, key } = place;
  if (kind === "cut") delete holder[key];
  else holder[kind === "put" ? `${key}x` : key] = value;
  return copy;
}

interface Place {
  readonly holder: Record<string, unknown>;
  readonly key: string;
}

function placesIn(value: unknown): readonly Place[] {
  if (typeof value !== "object" || value === null) return [];
  const holder = value as Record<string, unknown>;
  return Object.keys(holder).flatMap((key) => [{ holder, key }, ...placesIn(holder[key])]);
}
