// SPDX-License-Identifier: Apache-2.0
// What a registry asks for in WWW-Authenticate (RFC 9110, 11.6.1): schemes, each with parameters.

export interface Challenge {
  /** Lower case. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;
const GAP = /[\t ,]*/y;
const EQUALS = /[\t ]*=[\t ]*/y;
/** Longer headers are not looked at. */
const MAX_CHARS = 4_096;

/** The challenges in a header; what is no challenge ends the list. */
export function parseChallenges(header: string): readonly Challenge[] {
  if (header.length > MAX_CHARS) return [];
  const found: { scheme: string; parameters: Map<string, string> }[] = [];
  const scan = new Scan(header);
  for (scan.take(GAP); !scan.done; scan.take(GAP)) {
    const word = scan.take(TOKEN)?.[0];
    if (word === undefined) break;
    if (scan.take(EQUALS) === undefined) {
      found.push({ scheme: word.toLowerCase(), parameters: new Map() });
      continue;
    }
    const value = readValue(scan);
    const last = found.at(-1);
    if (value === undefined || last === undefined) break;
    last.parameters.set(word.toLowerCase(), value);
  }
  return found;
}

function readValue(scan: Scan): string | undefined {
  const quoted = scan.take(QUOTED)?.[1];
  if (quoted !== undefined) return quoted.replace(/\\(.)/g, "$1");
  return scan.take(TOKEN)?.[0];
}

class Scan {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get done(): boolean {
    return this.#at >= this.#text.length;
  }

  /** What a sticky pattern finds here, or nothing. */
  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at = pattern.lastIndex;
    return match;
  }
}
