// SPDX-License-Identifier: Apache-2.0
// Keys that work everywhere in the console: `g` and a letter goes to a section, others do one thing. Nothing here knows that it runs in a page.
import { SECTIONS } from "./sections.ts";

export type KeyAct =
  | { readonly act: "go"; readonly section: string }
  | { readonly act: "search" | "filter" | "table" | "theme" | "help" | "leave" };

export interface PressedKey {
  readonly key: string;
  /** In a field. */
  readonly typing: boolean;
  /** With Ctrl, Alt or Meta. */
  readonly modified: boolean;
}

const SINGLE: Readonly<Record<string, KeyAct>> = {
  "/": { act: "search" },
  f: { act: "filter" },
  t: { act: "table" },
  T: { act: "theme" },
  "?": { act: "help" },
  Escape: { act: "leave" },
};

/** What is shown of them as help. */
export const KEY_HELP: readonly (readonly [keys: string, what: string])[] = [
  ["/", "search everything"],
  ["f", "filter the list"],
  ["t", "to the list; then ↑ ↓ or j k, Page up and down, Home, End, Enter"],
  ["Esc", "leave a field, close what is open"],
  ["T", "light, dark, or as the system has it"],
  ["?", "these keys"],
  ...SECTIONS.map(({ key, title }): readonly [string, string] => [`g ${key}`, title]),
];

/** A key opens a sequence for so long (ms). */
const SEQUENCE_MS = 1_500;

export class Keys {
  #opened = Number.NEGATIVE_INFINITY;

  /** What is to be done for a key. @param now ms, by any clock that does not go back */
  press({ key, typing, modified }: PressedKey, now: number): KeyAct | undefined {
    if (modified) return undefined;
    if (typing) return key === "Escape" ? SINGLE[key] : undefined;
    const opened = now - this.#opened <= SEQUENCE_MS;
    this.#opened = Number.NEGATIVE_INFINITY;
    if (opened) {
      const section = SECTIONS.find((one) => one.key === key)?.id;
      return section === undefined ? undefined : { act: "go", section };
    }
    if (key === "g") {
      this.#opened = now;
      return undefined;
    }
    return SINGLE[key];
  }
}
