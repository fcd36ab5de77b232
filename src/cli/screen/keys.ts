// SPDX-License-Identifier: Apache-2.0
// Keys from what a terminal sends: names for those that send sequences, the character for all others.

/** A sequence that began is complete or taken for single keys after this time: nobody types that fast, and links stall longer rarely. */
export const SEQUENCE_MS = 50;
const ESC = "\u001b";
/** More than that belongs to no key. */
const MAX_SEQUENCE = 16;

/** Sequences without the leading ESC: xterm's in both cursor modes, rxvt's and the console's. */
const SEQUENCES: Readonly<Record<string, string>> = {
  "[A": "up",
  "[B": "down",
  "[C": "right",
  "[D": "left",
  OA: "up",
  OB: "down",
  OC: "right",
  OD: "left",
  "[H": "home",
  "[F": "end",
  OH: "home",
  OF: "end",
  "[1~": "home",
  "[4~": "end",
  "[7~": "home",
  "[8~": "end",
  "[5~": "pageup",
  "[6~": "pagedown",
  "[Z": "backtab",
  "[3~": "delete",
  "[11~": "help",
  "[[A": "help",
  OP: "help",
};
const SINGLE: Readonly<Record<string, string>> = {
  "\r": "enter",
  "\n": "enter",
  "\t": "tab",
  "\u007f": "backspace",
  "\b": "backspace",
  "\u0003": "interrupt",
  "\u001a": "suspend",
  "\u000c": "redraw",
  "\u0002": "pageup",
  "\u0006": "pagedown",
  "\u0010": "up",
  "\u000e": "down",
  "\u0015": "clear",
};
// biome-ignore lint/suspicious/noControlCharactersInRegex: what terminals send
const COMPLETE = /^\u001b(?:\[\[[A-E]|\[[0-9;:?<>]*[ -/]*[@-Z\\-~]|O[ -~]|[^[O])/u;

/** Takes what comes in pieces of any size. */
export class KeyReader {
  #waiting = "";

  /** Keys of `text`, by name or as the character; a sequence that is not complete waits for more. */
  push(text: string): string[] {
    this.#waiting += text;
    const keys: string[] = [];
    while (this.#waiting !== "") {
      const taken = this.#take(keys);
      if (!taken) break;
    }
    return keys;
  }

  /** A sequence has begun and is not complete. */
  get pending(): boolean {
    return this.#waiting !== "";
  }

  /** Nothing followed: an ESC was the key. */
  flush(): string[] {
    const waiting = this.#waiting;
    this.#waiting = "";
    return waiting === "" ? [] : ["escape"];
  }

  #take(keys: string[]): boolean {
    const text = this.#waiting;
    if (!text.startsWith(ESC)) {
      const char = String.fromCodePoint(text.codePointAt(0) ?? 0);
      return this.#key(keys, SINGLE[char] ?? (char >= " " ? char : undefined), char.length);
    }
    // ESC ESC: the first one was a key
    if (text.startsWith(ESC + ESC)) return this.#key(keys, "escape", 1);
    const [sequence] = COMPLETE.exec(text) ?? [];
    if (sequence !== undefined) return this.#sequence(keys, sequence);
    return text.length > MAX_SEQUENCE && this.#key(keys, undefined, text.length);
  }

  #sequence(keys: string[], sequence: string): true {
    const name = SEQUENCES[sequence.slice(1)];
    const begins = sequence[1] === "[" || sequence[1] === "O";
    // ESC and an ordinary key that came together are two keys
    if (name === undefined && !begins) return this.#key(keys, "escape", 1);
    return this.#key(keys, name, sequence.length);
  }

  #key(keys: string[], name: string | undefined, length: number): true {
    this.#waiting = this.#waiting.slice(length);
    if (name !== undefined) keys.push(name);
    return true;
  }
}
