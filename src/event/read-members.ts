// SPDX-License-Identifier: Apache-2.0
// An object of a record while it is read: each member is taken once, what was not taken is refused.
import { quote } from "../base/quote.ts";
import { memberError } from "./record-error.ts";

/** Reads one value; `path` names it in errors. */
export type Reader<T> = (value: unknown, path: string) => T;

/** The members of one JSON object. */
export class Members {
  readonly path: string;
  readonly #object: Readonly<Record<string, unknown>>;
  readonly #taken: string[] = [];

  constructor(value: unknown, path: string) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw memberError(path, "is not an object");
    }
    this.#object = value as Readonly<Record<string, unknown>>;
    this.path = path;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#object, name);
  }

  /** A member that must be there. */
  get<T>(name: string, read: Reader<T>): T {
    if (!this.has(name)) throw memberError(this.#at(name), "is missing");
    this.#taken.push(name);
    return read(this.#object[name], this.#at(name));
  }

  /** A member that may be absent. */
  find<T>(name: string, read: Reader<T>): T | undefined {
    return this.has(name) ? this.get(name, read) : undefined;
  }

  /** Accepts a member without looking at it. */
  skip(name: string): void {
    if (this.has(name)) this.#taken.push(name);
  }

  /** Refuses what was not taken. */
  end(): void {
    const names = Object.keys(this.#object);
    if (names.length === this.#taken.length) return;
    const unknown = names.find((name) => !this.#taken.includes(name)) ?? "";
    throw memberError(this.#at(quote(unknown, 80)), "is not known");
  }

  #at(name: string): string {
    return this.path === "" ? name : `${this.path}.${name}`;
  }
}
