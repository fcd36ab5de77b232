// SPDX-License-Identifier: Apache-2.0
// An object of a record while it is read: each member is taken once, what was not taken is refused.
import { quote } from "../base/quote.ts";
import { memberError, type RecordError } from "./record-error.ts";

/** Reads one value. `of` and `name` say where it stands, for errors. */
export type Reader<T> = (value: unknown, of: Place, name: string) => T;

/** Where a value stands; texts are made only when an error needs one. */
export interface Place {
  at(name: string): string;
}

/** The members of one JSON object. JSON has no undefined, so an absent member is one that reads as undefined. */
export class Members implements Place {
  readonly #object: Readonly<Record<string, unknown>>;
  readonly #of: Place | undefined;
  readonly #name: string;
  #taken = 0;

  /** Throws `RecordError` unless `value`, the member `name` of `of`, is an object. */
  constructor(value: unknown, of?: Place, name: string = "") {
    this.#of = of;
    this.#name = name;
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw memberError(this.at(""), "is not an object");
    }
    this.#object = value as Readonly<Record<string, unknown>>;
  }

  isEmpty(): boolean {
    for (const _ in this.#object) return false;
    return true;
  }

  has(name: string): boolean {
    return this.#object[name] !== undefined;
  }

  /** A member that must be there. */
  get<T>(name: string, read: Reader<T>): T {
    const value = this.#object[name];
    if (value === undefined) throw memberError(this.at(name), "is missing");
    this.#taken++;
    return read(value, this, name);
  }

  /** A member that may be absent. */
  find<T>(name: string, read: Reader<T>): T | undefined {
    const value = this.#object[name];
    if (value === undefined) return undefined;
    this.#taken++;
    return read(value, this, name);
  }

  /** Accepts members without looking at them. */
  skip(names: readonly string[]): void {
    for (const name of names) if (this.has(name)) this.#taken++;
  }

  /** The whole object as JSON text; undefined when it is empty. Takes all members. */
  rest(): string | undefined {
    const names = Object.keys(this.#object);
    this.#taken = names.length;
    return names.length === 0 ? undefined : JSON.stringify(this.#object);
  }

  /** Refuses what was not taken; `known` are the names that may be. */
  end(known: readonly string[]): void {
    let members = 0;
    for (const _ in this.#object) members++;
    if (members !== this.#taken) throw this.#unknown(known);
  }

  /** Place of a member, or with an empty name of this object. */
  at(name: string): string {
    const parts = [this.#of?.at(this.#name) ?? "", name];
    return parts.filter((part) => part !== "").join(".");
  }

  #unknown(known: readonly string[]): RecordError {
    const names = Object.keys(this.#object);
    const unknown = names.find((name) => !known.includes(name)) ?? "";
    return memberError(this.at(quote(unknown, 80)), "is not known");
  }
}
