// SPDX-License-Identifier: Apache-2.0
// What the fleet has ruled, as this host knows it: the newest about each behaviour, on the disk too. An old ruling that comes again changes
// nothing.
import { appendFileSync, readFileSync } from "node:fs";
import { writeAtomic } from "../../../orchestrator/inspect/index.ts";
import type { Ruling } from "../../../wire/link/index.ts";
import { MAX_KEPT_RULINGS } from "./limits.ts";

export class RulingBook {
  readonly #file: string;
  readonly #most: number;
  /** By behaviour; in the order in which they came. */
  readonly #rulings = new Map<string, Ruling>();
  /** Of what was dropped for want of room: whatever is not newer than that is not taken any more. */
  #floor = 0;
  #highest = 0;
  /** Lines in the file. */
  #lines = 0;

  /** @param most rulings that are kept */
  constructor(file: string, most: number = MAX_KEPT_RULINGS) {
    this.#file = file;
    this.#most = most;
    const kept = readRulings(file);
    this.#lines = kept.length;
    for (const ruling of kept) this.#take(ruling);
  }

  /** `rev` of the newest ruling. */
  get highest(): number {
    return this.#highest;
  }

  /** undefined: nobody has ruled about it, as far as is known here. */
  find(model: string, coefficient: string): Ruling | undefined {
    const ruling = this.#rulings.get(keyOf(model, coefficient));
    return ruling?.verdict === "taken back" ? undefined : ruling;
  }

  /** @returns those that are new. @throws Error of the file system; they count all the same */
  take(rulings: readonly Ruling[]): readonly Ruling[] {
    const news = rulings.filter((ruling) => this.#take(ruling));
    if (news.length === 0) return news;
    this.#lines += news.length;
    if (this.#lines > 2 * this.#most) this.#rewrite();
    else appendFileSync(this.#file, textOf(news), { mode: 0o600 });
    return news;
  }

  #take(ruling: Ruling): boolean {
    const { model, coefficient, rev } = ruling;
    const key = keyOf(model, coefficient);
    const known = this.#rulings.get(key);
    if (rev <= (known?.rev ?? this.#floor)) return false;
    this.#rulings.delete(key);
    this.#rulings.set(key, ruling);
    this.#highest = Math.max(this.#highest, rev);
    for (const [oldest, { rev: dropped }] of this.#rulings) {
      if (this.#rulings.size <= this.#most) break;
      this.#rulings.delete(oldest);
      this.#floor = Math.max(this.#floor, dropped);
    }
    return true;
  }

  #rewrite(): void {
    this.#lines = this.#rulings.size;
    writeAtomic(this.#file, textOf([...this.#rulings.values()]));
  }
}

/** Names a behaviour outside of a model. */
export function keyOf(model: string, coefficient: string): string {
  return `${model} ${coefficient}`;
}

function textOf(rulings: readonly Ruling[]): string {
  return rulings.map((ruling) => `${JSON.stringify(ruling)}\n`).join("");
}

/** What was checked when it was written, in a folder of the daemon's user alone. */
function readRulings(file: string): readonly Ruling[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return [];
  }
  return text.split("\n").flatMap((line) => rulingOf(line) ?? []);
}

/** undefined: cut off */
function rulingOf(line: string): Ruling | undefined {
  try {
    const ruling = JSON.parse(line) as Ruling;
    return typeof ruling.rev === "number" && typeof ruling.model === "string" ? ruling : undefined;
  } catch {
    return undefined;
  }
}
