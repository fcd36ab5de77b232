// SPDX-License-Identifier: Apache-2.0
// Which behaviours the fleet was told by this host: each once, over restarts too. Bounded: the oldest half is forgotten, and told again when it is met
// again, which costs the fleet nothing but the message.
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { writeAtomic } from "../../../orchestrator/inspect/index.ts";
import { MAX_KNOWN_BEHAVIOURS } from "../limits.ts";

/** Digits of a coefficient that are kept. */
const DIGITS = 32;

export class KnownBehaviours {
  readonly #path: string | undefined;
  readonly #max: number;
  #known = new Set<string>();
  /** Not in the file yet. */
  #fresh: string[] = [];
  #isCut = false;

  /** @param path undefined: in memory only */
  constructor(path: string | undefined, max: number = MAX_KNOWN_BEHAVIOURS) {
    this.#path = path;
    this.#max = max;
    if (path === undefined || !existsSync(path)) return;
    for (const line of readFileSync(path, "latin1").split("\n"))
      if (line.length === DIGITS) this.#known.add(line);
    this.#bound();
  }

  get size(): number {
    return this.#known.size;
  }

  /** @returns false: it was known */
  add(coefficient: string): boolean {
    const short = coefficient.slice(0, DIGITS);
    if (this.#known.has(short)) return false;
    this.#known.add(short);
    this.#fresh.push(short);
    this.#bound();
    return true;
  }

  /** What was added is told: it is on the disk of the spool. @throws Error of the file system: after a restart some are told again */
  keep(): void {
    if (this.#path === undefined || (this.#fresh.length === 0 && !this.#isCut)) return;
    const fresh = this.#fresh.splice(0);
    if (this.#isCut) writeAtomic(this.#path, linesOf([...this.#known]));
    else appendFileSync(this.#path, linesOf(fresh), { mode: 0o600 });
    this.#isCut = false;
  }

  #bound(): void {
    if (this.#known.size <= this.#max) return;
    this.#known = new Set([...this.#known].slice(-Math.ceil(this.#max / 2)));
    this.#isCut = true;
  }
}

function linesOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}
