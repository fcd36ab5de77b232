// SPDX-License-Identifier: Apache-2.0
// How values are written to and strictly read from either kind of token: one table for both says what a member is, its bounds, and what
// it is called (a name in JSON, a number in CBOR).
import { bytesToHex, hexToBytes, isHex } from "../../base/hex.ts";
import { quote } from "../../base/quote.ts";
import { TokenError } from "./errors.ts";
import { MAX_SECONDS } from "./limits.ts";

/** Bytes stand in JSON as hex (people compare digests by eye) or as base64url. */
export type ByteText = "hex" | "base64url";
export type Label = number | string;

/** One kind of token's way of writing things. `I` is what it is made of. */
export interface Wire<I> {
  plain(value: string | number | boolean): I;
  bytes(bytes: Uint8Array, as: ByteText): I;
  list(items: readonly I[]): I;
  record(members: readonly { readonly name: string; readonly label: Label; readonly item: I }[]): I;
  /** undefined: it is none; so with all that read. */
  readBytes(item: unknown, as: ByteText): Uint8Array | undefined;
  /** By the keys of this kind. */
  readRecord(item: unknown): ReadonlyMap<Label, unknown> | undefined;
  /** Which of the two is the key here. */
  key(name: string, label: Label): Label;
}

/** Where something is that is read. */
export interface Place {
  readonly wire: Pick<Wire<unknown>, "readBytes" | "readRecord" | "key">;
  /** For people: `galgo.counts.events`. */
  readonly path: string;
}

/** What a value looks like. */
export interface Form<T> {
  /** Bounds are not looked at: what was written is read again. */
  write<I>(value: T, wire: Wire<I>): I;
  /** @throws TokenError BAD_CLAIMS */
  read(item: unknown, place: Place): T;
}

export interface Member<T> {
  readonly label: Label;
  readonly form: Form<T>;
}

type Members<T> = {
  readonly [K in keyof T]-?: Member<Exclude<T[K], undefined>> &
    (object extends Pick<T, K> ? { readonly optional: true } : { readonly optional?: never });
};

export function refuse(path: string, what: string): TokenError {
  return new TokenError("BAD_CLAIMS", `${path === "" ? "the claims" : path}: ${what}`, {
    facts: { path },
  });
}

/** A text of at most `max` UTF-16 units, and not empty. */
export function text(max: number): Form<string> {
  return {
    write: (value, wire) => wire.plain(value),
    read(item, { path }) {
      if (typeof item !== "string") throw refuse(path, "not a text");
      if (item === "" || item.length > max)
        throw refuse(path, `a text of 1 to ${max} characters is wanted`);
      // half of a character has no UTF-8, so two texts would be the same bytes
      if (/\p{Surrogate}/u.test(item)) throw refuse(path, "a text with half of a character");
      return item;
    },
  };
}

/** One of a few words. */
export function word<const W extends string>(words: readonly W[]): Form<W> {
  return {
    write: (value, wire) => wire.plain(value),
    read(item, { path }) {
      const found = words.find((each) => each === item);
      if (found !== undefined) return found;
      const given = typeof item === "string" ? quote(item, 40) : "another thing";
      throw refuse(path, `${words.join(", ")} is wanted, not ${given}`);
    },
  };
}

/** A whole number from 0 to 2^53-1. */
export const natural: Form<number> = upTo(Number.MAX_SAFE_INTEGER);
/** Seconds since 1970, as far as there is a date for them. */
export const seconds: Form<number> = upTo(MAX_SECONDS);

function upTo(max: number): Form<number> {
  return {
    write: (value, wire) => wire.plain(value),
    read(item, { path }) {
      if (typeof item === "number" && Number.isSafeInteger(item) && item >= 0 && item <= max)
        return item;
      throw refuse(path, `not a whole number from 0 to ${max}`);
    },
  };
}

export const flag: Form<boolean> = {
  write: (value, wire) => wire.plain(value),
  read(item, { path }) {
    if (typeof item !== "boolean") throw refuse(path, "neither true nor false");
    return item;
  },
};

export interface ByteBounds {
  readonly min: number;
  readonly max: number;
}

/** Bytes. */
export function bytes({ min, max }: ByteBounds, as: ByteText = "base64url"): Form<Uint8Array> {
  return {
    write: (value, wire) => wire.bytes(value, as),
    read(item, { path, wire }) {
      const found = wire.readBytes(item, as);
      if (found === undefined) throw refuse(path, `not bytes (${as} in JSON)`);
      if (found.length < min || found.length > max)
        throw refuse(path, `${found.length} bytes, ${min} to ${max} are wanted`);
      return found;
    },
  };
}

/** Bytes that are hex for whoever has the evidence; `as` is how they stand in JSON. */
export function hex(bounds: ByteBounds, as: ByteText = "hex"): Form<string> {
  const form = bytes(bounds, as);
  return {
    // what is not hex is found when it is read again
    write: (value, wire) =>
      isHex(value) ? form.write(hexToBytes(value), wire) : wire.plain(`not hex: ${value}`),
    read: (item, place) => bytesToHex(form.read(item, place)),
  };
}

/** At most `max` of a form. */
export function list<T>(form: Form<T>, max: number): Form<readonly T[]> {
  return {
    write: (values, wire) => wire.list(values.map((value) => form.write(value, wire))),
    read(item, place) {
      const { path } = place;
      if (!Array.isArray(item)) throw refuse(path, "not a list");
      if (item.length > max) throw refuse(path, `${item.length} items, at most ${max}`);
      const items: readonly unknown[] = item;
      return items.map((each, i) => form.read(each, { ...place, path: `${path}[${i}]` }));
    },
  };
}

/** Exactly these members; the optional ones may be absent. */
export function record<T extends object>(members: Members<T>): Form<T> {
  const table: [string, AnyMember][] = Object.entries(members);
  return {
    write<I>(value: T, wire: Wire<I>): I {
      const values = new Map<string, unknown>(Object.entries(value));
      return wire.record(
        table.flatMap(([name, { label, form }]) => {
          const member = values.get(name);
          return member === undefined ? [] : [{ name, label, item: form.write(member, wire) }];
        }),
      );
    },
    read: (item, place) => readMembers(item, place, table) as T,
  };
}

type AnyMember = Member<unknown> & { readonly optional?: boolean };

function readMembers(
  item: unknown,
  { wire, path }: Place,
  table: readonly [string, AnyMember][],
): object {
  const found = wire.readRecord(item);
  if (found === undefined) throw refuse(path, "not a record");
  const known = new Set<Label>(table.map(([name, { label }]) => wire.key(name, label)));
  for (const key of found.keys())
    if (!known.has(key)) throw refuse(path, `the member ${quote(String(key), 60)} is not known`);
  const read: [string, unknown][] = [];
  for (const [name, { label, form, optional }] of table) {
    const here = path === "" ? name : `${path}.${name}`;
    const key = wire.key(name, label);
    if (found.has(key)) read.push([name, form.read(found.get(key), { wire, path: here })]);
    else if (optional !== true) throw refuse(here, "it is missing");
  }
  return Object.fromEntries(read);
}

/** Those of a union that can have the kind `K`. */
type OfKind<T, K> = T extends { readonly kind: infer W } ? (K extends W ? T : never) : never;

/** Records told apart by their member `kind`, a word with the label `label`. */
export function variant<T extends { readonly kind: string }>(
  label: Label,
  forms: { readonly [K in T["kind"]]: Form<OfKind<T, K>> },
): Form<T> {
  const table = new Map<string, Form<T>>(Object.entries(forms));
  const kinds = word([...table.keys()]);
  return {
    write<I>(value: T, wire: Wire<I>): I {
      const form = table.get(value.kind);
      if (form === undefined) throw refuse("kind", `${quote(value.kind, 40)} is not known`);
      return form.write(value, wire);
    },
    read(item, place) {
      const { wire, path } = place;
      const found = wire.readRecord(item);
      if (found === undefined) throw refuse(path, "not a record");
      const kind = kinds.read(found.get(wire.key("kind", label)), {
        wire,
        path: `${path}.kind`,
      });
      const form = table.get(kind);
      if (form === undefined) throw refuse(path, "its kind is not known");
      return form.read(item, place);
    },
  };
}
