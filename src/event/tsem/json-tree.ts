// SPDX-License-Identifier: Apache-2.0
// JSON (RFC 8259) with what JSON.parse does not say: whether an object has a member twice, and where the strings stand in the line.
// Control characters in strings, which JSON forbids, are noted and passed over. Records hold no numbers and no literals, so a value that is one becomes null, which no reader of a member accepts.
import { MAX_DEPTH } from "./limits.ts";

const BLANK = 32;
const QUOTE = 34;
const BACKSLASH = 92;
/** Numbers and literals. Every part of it can be matched in one way only. */
const BARE = /(?:-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|true|false|null)/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/** A line of JSON. */
export interface JsonTree {
  readonly value: unknown;
  /** Name of a member that stands twice in one object. */
  readonly twice: string | undefined;
  /** A string holds control characters: then it is not JSON after all. */
  readonly controls: boolean;
  /** True when the text of a string begins at `start` and its closing quote stands at `end`. */
  hasString(start: number, end: number): boolean;
}

/** The line as JSON, undefined when it is none or is nested too deep. */
export function jsonTree(line: string): JsonTree | undefined {
  const reader = new JsonReader(line);
  try {
    const value = reader.whole();
    const { strings, twice, controls } = reader;
    return { value, twice, controls, hasString: (start, end) => strings.get(start) === end };
  } catch {
    return undefined;
  }
}

const NOT_JSON = new Error("the line is not JSON");

class JsonReader {
  readonly strings = new Map<number, number>();
  twice: string | undefined;
  controls = false;
  readonly #line: string;
  #pos = 0;

  constructor(line: string) {
    this.#line = line;
  }

  whole(): unknown {
    const value = this.#value(0);
    if (this.#next() !== "") throw NOT_JSON;
    return value;
  }

  #value(depth: number): unknown {
    const char = this.#next();
    if (depth > MAX_DEPTH) throw NOT_JSON;
    if (char === "{") return this.#object(depth);
    if (char === "[") return this.#array(depth);
    if (char === '"') return this.#string();
    return this.#bare();
  }

  #object(depth: number): unknown {
    const object: Record<string, unknown> = {};
    this.#pos++;
    if (this.#take("}")) return object;
    do {
      if (this.#next() !== '"') throw NOT_JSON;
      const name = this.#string();
      if (!this.#take(":")) throw NOT_JSON;
      if (Object.hasOwn(object, name)) this.twice ??= name;
      // Not by assignment: a member __proto__ is a member.
      const value = this.#value(depth + 1);
      const own = { value, enumerable: true, configurable: true, writable: true };
      Object.defineProperty(object, name, own);
    } while (this.#take(","));
    if (!this.#take("}")) throw NOT_JSON;
    return object;
  }

  #array(depth: number): unknown {
    const array: unknown[] = [];
    this.#pos++;
    if (this.#take("]")) return array;
    do array.push(this.#value(depth + 1));
    while (this.#take(","));
    if (!this.#take("]")) throw NOT_JSON;
    return array;
  }

  #string(): string {
    const start = this.#pos + 1;
    let end = start;
    while (this.#line.charCodeAt(end) !== QUOTE) end = this.#behindChar(end);
    this.strings.set(start, end);
    this.#pos = end + 1;
    const text = this.#line.slice(start, end);
    return text.includes("\\") && !this.controls ? (JSON.parse(`"${text}"`) as string) : text;
  }

  /** Behind the character of a string, or the escape, that stands at `at`. */
  #behindChar(at: number): number {
    const code = this.#line.charCodeAt(at);
    if (Number.isNaN(code)) throw NOT_JSON;
    if (code < BLANK) this.controls = true;
    if (code !== BACKSLASH) return at + 1;
    ESCAPE.lastIndex = at;
    if (!ESCAPE.test(this.#line)) throw NOT_JSON;
    return ESCAPE.lastIndex;
  }

  #bare(): null {
    BARE.lastIndex = this.#pos;
    if (!BARE.test(this.#line)) throw NOT_JSON;
    this.#pos = BARE.lastIndex;
    return null;
  }

  /** The next character that is not blank, which is not stepped over; empty at the end. */
  #next(): string {
    for (;;) {
      const char = this.#line.charAt(this.#pos);
      if (char !== " " && char !== "\t" && char !== "\r" && char !== "\n") return char;
      this.#pos++;
    }
  }

  #take(char: string): boolean {
    if (this.#next() !== char) return false;
    this.#pos++;
    return true;
  }
}
