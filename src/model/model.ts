// SPDX-License-Identifier: Apache-2.0
// The security model of a namespace as a state machine: points, counts, measurement (depends on order), state (does not).
// TSEM's semantics; a point found after sealing is invalid but part of measurement and state.
import { ByteWriter } from "../base/bytes.ts";
import { isHex } from "../base/hex.ts";
import { ModelError } from "./errors.ts";
import type { Hasher } from "./hasher.ts";

/** A coefficient of the model: how often it was seen, and whether it belongs to the model (false: found after sealing). */
export interface SecurityPoint {
  /** hex */
  readonly coefficient: string;
  readonly count: number;
  readonly valid: boolean;
}

export interface ModelCounts {
  /** All points, invalid ones included. */
  readonly points: number;
  /** Points outside the sealed model. */
  readonly invalid: number;
  /** Calls of `update`, and what `repeated` was told. */
  readonly events: number;
}

/** Told of the points as they come and count, in step with the model: for what shares them with another thread. */
export interface PointObserver {
  /** A point was added; `index` is its place in the order of discovery. */
  added(index: number, point: SecurityPoint): void;
  /** The count of a known point changed. */
  counted(index: number, count: number): void;
  /** The model has this aggregate (hex) from now on. */
  aggregated(hex: string): void;
}

export interface ModelOptions {
  readonly hasher: Hasher;
  readonly observer?: PointObserver;
  /** hex; unset: zeros, taken at the first point. */
  readonly aggregate?: string;
  /** hex; zeros by default. */
  readonly base?: string;
  /** Sets the base before the aggregate, so that it is part of the aggregate's extend too, as Quixote's agent has it. */
  readonly baseFirst?: boolean;
}

export interface Model {
  /** The value given, hex; undefined until one is set or zeros were taken because there are points. */
  readonly aggregate: string | undefined;
  /** hex */
  readonly base: string;
  readonly sealed: boolean;
  readonly counts: ModelCounts;
  /** Folds the platform's value in first. False: ignored, because the model is sealed or has this aggregate already. */
  setAggregate(hex: string): boolean;
  /** Changes the base of later extends of the measurement, and of the state. Throws `ModelError` SEALED. */
  setBase(hex: string): void;
  /** Adds a valid point with count 0 (a known one counts up). Throws `ModelError` SEALED. */
  load(coefficient: string): void;
  /** Pseudonyms act before mapping (pseudonym.ts); the model keeps them so that they are written with it. Throws SEALED. */
  addPseudonym(hex: string): void;
  readonly pseudonyms: ReadonlySet<string>;
  /** An observed coefficient. `added`: it was new. `valid`: it belongs to the model. */
  update(coefficient: string): { readonly added: boolean; readonly valid: boolean };
  /** Whether a coefficient belongs to the model, without that it counts as observed. */
  has(coefficient: string): boolean;
  /** A known coefficient was observed `count` times more. Throws `ModelError` BAD_FIELD when it is none of the model. */
  repeated(coefficient: string, count: number): void;
  seal(): void;
  /** In the order of discovery; a copy. */
  points(): readonly SecurityPoint[];
  /** hex; computed when a point was added since the last call (two digests a point). */
  state(): string;
  /** hex */
  measurement(): string;
}

/** An empty, unsealed model. The aggregate is folded in before the base is set, as the TSEM kernel does it, unless `baseFirst`. */
export function createModel(options: ModelOptions): Model {
  return beginModel(new StateMachine(options.hasher, options.observer), options);
}

/** What a model begins with. */
export type ModelBeginning = Pick<ModelOptions, "aggregate" | "base" | "baseFirst">;

/** Gives an empty model its aggregate and its base, in the order that the mapping has; returns it. */
export function beginModel(model: Model, options: ModelBeginning): Model {
  const { aggregate, base, baseFirst = false } = options;
  if (base !== undefined && baseFirst) model.setBase(base);
  if (aggregate !== undefined) model.setAggregate(aggregate);
  if (base !== undefined && !baseFirst) model.setBase(base);
  return model;
}

interface Point {
  readonly index: number;
  readonly coefficient: string;
  count: number;
  readonly valid: boolean;
}

class StateMachine implements Model {
  readonly #hasher: Hasher;
  readonly #observer: PointObserver | undefined;
  readonly #zeros: string;
  readonly #w = new ByteWriter(256);
  readonly #points: Point[] = [];
  readonly #index = new Map<string, Point>();
  readonly #pseudonyms = new Set<string>();
  #aggregate: string | undefined;
  #base: string;
  #sealed = false;
  #events = 0;
  #invalid = 0;
  #state: string | undefined;
  #measurement: string;
  /** Points that are part of `#measurement`; the others are folded in when it is asked for, off the hot path. */
  #folded = 0;

  constructor(hasher: Hasher, observer: PointObserver | undefined) {
    this.#hasher = hasher;
    this.#observer = observer;
    this.#zeros = "0".repeat(hasher.size * 2);
    this.#base = this.#zeros;
    this.#measurement = this.#zeros;
  }

  get aggregate(): string | undefined {
    return this.#aggregate;
  }

  get base(): string {
    return this.#base;
  }

  get sealed(): boolean {
    return this.#sealed;
  }

  get counts(): ModelCounts {
    return { points: this.#points.length, invalid: this.#invalid, events: this.#events };
  }

  get pseudonyms(): ReadonlySet<string> {
    return this.#pseudonyms;
  }

  setAggregate(hex: string): boolean {
    this.#check(hex, "aggregate");
    if (this.#sealed || hex === this.#aggregate) return false;
    this.#takeAggregate(hex);
    this.#observer?.aggregated(hex);
    return true;
  }

  setBase(hex: string): void {
    this.#check(hex, "base");
    this.#refuseSealed("base");
    this.measurement();
    this.#base = hex;
    this.#state = undefined;
  }

  load(coefficient: string): void {
    this.#check(coefficient, "coefficient");
    this.#refuseSealed("coefficient");
    const known = this.#index.get(coefficient);
    if (known === undefined) this.#add(coefficient, 0, true);
    else this.#count(known);
  }

  addPseudonym(hex: string): void {
    this.#check(hex, "pseudonym");
    this.#refuseSealed("pseudonym");
    this.#pseudonyms.add(hex);
  }

  update(coefficient: string): { readonly added: boolean; readonly valid: boolean } {
    const known = this.#index.get(coefficient);
    if (known !== undefined) {
      this.#events++;
      this.#count(known);
      return known.valid ? KNOWN : KNOWN_INVALID;
    }
    this.#check(coefficient, "coefficient");
    this.#events++;
    this.#add(coefficient, 1, !this.#sealed);
    if (this.#sealed) this.#invalid++;
    return this.#sealed ? NEW_INVALID : NEW;
  }

  has(coefficient: string): boolean {
    return this.#index.get(coefficient)?.valid === true;
  }

  repeated(coefficient: string, count: number): void {
    const known = this.#index.get(coefficient);
    if (known === undefined || !Number.isSafeInteger(count) || count < 0) {
      throw new ModelError("BAD_FIELD", "repetitions of what was never observed", {
        facts: { value: coefficient, count },
      });
    }
    this.#events += count;
    this.#count(known, count);
  }

  seal(): void {
    this.#sealed = true;
  }

  points(): readonly SecurityPoint[] {
    return this.#points.map(({ coefficient, count, valid }) => ({ coefficient, count, valid }));
  }

  state(): string {
    if (this.#state === undefined) {
      let value = this.#extend(this.#zeros, this.#aggregate ?? this.#zeros);
      for (const coefficient of [...this.#index.keys()].sort()) {
        value = this.#extend(value, coefficient);
      }
      this.#state = value;
    }
    return this.#state;
  }

  measurement(): string {
    if (this.#aggregate === undefined && this.#points.length > 0) this.#takeAggregate(this.#zeros);
    for (; this.#folded < this.#points.length; this.#folded++) {
      const point = this.#points[this.#folded];
      if (point !== undefined)
        this.#measurement = this.#extend(this.#measurement, point.coefficient);
    }
    return this.#measurement;
  }

  /** The measurement is defined over the aggregate and then every point: with a new one all points are folded in again. */
  #takeAggregate(hex: string): void {
    this.#aggregate = hex;
    this.#measurement = this.#extend(this.#zeros, hex);
    this.#folded = 0;
    this.#state = undefined;
  }

  #add(coefficient: string, count: number, valid: boolean): void {
    const point: Point = { index: this.#points.length, coefficient, count, valid };
    this.#points.push(point);
    this.#index.set(coefficient, point);
    this.#state = undefined;
    this.#observer?.added(point.index, point);
  }

  #count(point: Point, by = 1): void {
    point.count += by;
    this.#observer?.counted(point.index, point.count);
  }

  /** extend(c, v) = H(c | H(base | v)) */
  #extend(current: string, value: string): string {
    const inner = this.#hasher.hex(this.#w.reset().hex(this.#base).hex(value).bytes());
    return this.#hasher.hex(this.#w.reset().hex(current).hex(inner).bytes());
  }

  #check(hex: string, what: string): void {
    if (isHex(hex, this.#hasher.size)) return;
    const want = `${this.#hasher.size * 2} lower-case hex digits (${this.#hasher.name})`;
    throw new ModelError("BAD_FIELD", `${what} is not ${want}`, { facts: { value: hex } });
  }

  #refuseSealed(what: string): void {
    if (this.#sealed)
      throw new ModelError("SEALED", `the model is sealed: no ${what} can be added`);
  }
}

const KNOWN = { added: false, valid: true } as const;
const KNOWN_INVALID = { added: false, valid: false } as const;
const NEW = { added: true, valid: true } as const;
const NEW_INVALID = { added: true, valid: false } as const;
