// SPDX-License-Identifier: Apache-2.0
// A sequence model as part of a model file: names, calibration as JSON, and the trie as bytes in base64. The bytes are one varint for the number of
// children of each node, in the order of the nodes, and for each child the distance of its symbol from the one before and its count.
import { decodeBase64, encodeBase64 } from "../../base/base64.ts";
import { ModelError } from "../errors.ts";
import type { Calibration } from "./calibration.ts";
import { type Grams, linked } from "./grams.ts";
import { MAX_GRAMS, MAX_ORDER, MAX_SYMBOLS } from "./limits.ts";
import type { LearnedFrom, SequenceModel } from "./train.ts";

/** The form of a sequence model in a file. */
export interface SequenceModelSpec {
  readonly order: number;
  /** ascending */
  readonly names: readonly string[];
  /** base64 */
  readonly grams: string;
  readonly calibration: Calibration;
  readonly learned: LearnedFrom;
}

/** @throws ModelError BAD_FIELD: it has indicators, which have no place in a file */
export function encodeSequences(model: SequenceModel): SequenceModelSpec {
  if (model.indicators !== undefined)
    throw new ModelError("BAD_FIELD", "a sequence model with indicators can not be written");
  const { names, grams, calibration, learned } = model;
  return {
    order: grams.order,
    names,
    grams: encodeBase64(gramBytes(grams)),
    calibration,
    learned,
  };
}

/** @throws ModelError BAD_FIELD: it is not what `encodeSequences` gives */
export function decodeSequences(spec: SequenceModelSpec): SequenceModel {
  const { order, names, calibration, learned } = spec;
  if (order < 1 || order > MAX_ORDER)
    refuse(`its order is ${order}, at most ${MAX_ORDER} is known`);
  if (names.length > MAX_SYMBOLS) refuse(`it has more than ${MAX_SYMBOLS} names`);
  if (names.some((name, at) => at > 0 && name <= (names[at - 1] ?? "")))
    refuse("its names are not in ascending order");
  const grams = linked({ order, alphabet: names.length, ...readGrams(bytesOf(spec.grams)) });
  if ((grams.first[1] ?? 0) - 1 !== names.length) refuse("it has not one node for each name");
  refuseDeeper(grams);
  return { names, grams, calibration, learned };
}

function refuse(why: string): never {
  throw new ModelError("BAD_FIELD", `the sequence model is damaged: ${why}; learn it again`);
}

function bytesOf(text: string): Uint8Array {
  try {
    const bytes = decodeBase64(text);
    if (encodeBase64(bytes) === text) return bytes;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return refuse("its n-grams are not base64");
}

function gramBytes({ first, symbols, counts }: Grams): Uint8Array {
  const bytes: number[] = [];
  const nodes = symbols.length;
  for (let node = 0; node < nodes; node++) {
    const begin = first[node] ?? 0;
    const end = first[node + 1] ?? 0;
    pushVarint(bytes, end - begin);
    let last = -1;
    for (let child = begin; child < end; child++) {
      const symbol = symbols[child] ?? 0;
      pushVarint(bytes, symbol - last - 1);
      pushVarint(bytes, counts[child] ?? 0);
      last = symbol;
    }
  }
  return Uint8Array.from(bytes);
}

function pushVarint(bytes: number[], value: number): void {
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
}

/** Reads varints one after the other; nothing that is not the shortest form of a number. */
class VarintReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get ended(): boolean {
    return this.#at === this.#bytes.length;
  }

  next(): number {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 42; scale *= 0x80) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) refuse("its n-grams end too early");
      this.#at++;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (byte === 0 && scale > 1) refuse("a number in its n-grams is too long");
        return value;
      }
    }
    return refuse("a number in its n-grams is too large");
  }
}

function readGrams(bytes: Uint8Array): Pick<Grams, "symbols" | "counts" | "first"> {
  const reader = new VarintReader(bytes);
  const symbols = [-1];
  const counts = [0];
  const first: number[] = [];
  for (let node = 0; node < symbols.length; node++) {
    first.push(symbols.length);
    const children = reader.next();
    if (symbols.length + children > MAX_GRAMS + MAX_SYMBOLS) refuse("it has too many n-grams");
    let last = -1;
    for (let child = 0; child < children; child++) {
      last += reader.next() + 1;
      symbols.push(last);
      const count = reader.next();
      if (count === 0) refuse("an n-gram was never met");
      counts.push(count);
    }
  }
  if (!reader.ended) refuse("something stands after its n-grams");
  first.push(symbols.length);
  return {
    symbols: Int32Array.from(symbols),
    counts: Float64Array.from(counts),
    first: Int32Array.from(first),
  };
}

/** Each link goes one n-gram shorter, so a chain of links is as long as the n-gram. */
function refuseDeeper({ order, first, symbols }: Grams): void {
  const depth = new Uint8Array(symbols.length);
  for (let node = 0; node < symbols.length; node++) {
    const end = first[node + 1] ?? 0;
    for (let child = first[node] ?? 0; child < end; child++) {
      depth[child] = (depth[node] ?? 0) + 1;
      if ((depth[child] ?? 0) > order) refuse(`an n-gram is longer than its order, ${order}`);
    }
  }
}
