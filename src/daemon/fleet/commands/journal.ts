// SPDX-License-Identifier: Apache-2.0
// Which commands this host has taken: one that comes again is not carried out again, whoever sends it and whenever the daemon was started
// anew. One that has expired is forgotten only for want of room: the clock may be ahead, and a command would count again when it comes back. A
// command is on the disk before anything is done.
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { writeAtomic } from "../../../orchestrator/inspect/index.ts";
import { FleetError } from "../errors.ts";
import { MAX_REMEMBERED } from "./limits.ts";

interface Line {
  readonly id: string;
  /** ms since 1970 */
  readonly expires: number;
  /** Its result is on its way. */
  readonly done?: true;
}

const ID = /^[A-Za-z0-9_-]{1,64}$/;

export class CommandJournal {
  readonly #file: string;
  readonly #lines = new Map<string, Line>();
  /** -1: it is opened when something is written. */
  #fd = -1;

  constructor(file: string) {
    this.#file = file;
    for (const line of readLines(file)) this.#lines.set(line.id, line);
  }

  /** Taken by a daemon that has ended before it said what became of them; each is told once. */
  unfinished(): readonly string[] {
    return [...this.#lines.values()].filter(({ done }) => done !== true).map(({ id }) => id);
  }

  has(id: string): boolean {
    return this.#lines.has(id);
  }

  /** Remembers it, on the disk. @throws FleetError NOT_WRITABLE, FULL: nothing may be done then */
  take(id: string, expires: number, now: number): void {
    if (this.#lines.size >= MAX_REMEMBERED) this.#forget(now);
    if (this.#lines.size >= MAX_REMEMBERED) {
      const problem = `${MAX_REMEMBERED} commands are remembered until they expire: no more are taken`;
      throw new FleetError("FULL", problem);
    }
    this.#write({ id, expires });
  }

  /** Remembers it as long as this daemon lives: for what must not wait until a disk has room. */
  takeUnwritten(id: string, expires: number): void {
    this.#lines.set(id, { id, expires, done: true });
  }

  /** @throws FleetError NOT_WRITABLE */
  finish(id: string): void {
    const line = this.#lines.get(id);
    if (line !== undefined) this.#write({ ...line, done: true });
  }

  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  /** Half of them, when so many have expired: those that did so first. */
  #forget(now: number): void {
    const expired = [...this.#lines.values()].filter(({ expires }) => expires <= now);
    const oldest = expired.sort((a, b) => a.expires - b.expires).slice(0, MAX_REMEMBERED / 2);
    for (const { id } of oldest) this.#lines.delete(id);
    this.close();
  }

  #write(line: Line): void {
    if (this.#fd < 0) this.#fd = this.#rewritten();
    try {
      writeSync(this.#fd, `${JSON.stringify(line)}\n`);
      fsyncSync(this.#fd);
    } catch (cause) {
      throw notWritable(this.#file, cause);
    }
    this.#lines.set(line.id, line);
  }

  #rewritten(): number {
    const text = [...this.#lines.values()].map((line) => `${JSON.stringify(line)}\n`).join("");
    try {
      writeAtomic(this.#file, text, { durable: true });
      return openSync(this.#file, "a", 0o600);
    } catch (cause) {
      throw notWritable(this.#file, cause);
    }
  }
}

function readLines(file: string): readonly Line[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return [];
  }
  return text.split("\n").flatMap((line) => lineOf(line) ?? []);
}

/** undefined: cut off by the end of a daemon that was killed while it wrote */
function lineOf(text: string): Line | undefined {
  try {
    const { id, expires, done } = JSON.parse(text) as Partial<Record<keyof Line, unknown>>;
    if (typeof id !== "string" || !ID.test(id) || typeof expires !== "number") return undefined;
    return done === true ? { id, expires, done } : { id, expires };
  } catch {
    return undefined;
  }
}

function notWritable(file: string, cause: unknown): FleetError {
  const { code = String(cause) } = cause as NodeJS.ErrnoException;
  const problem = `${file} can not be written (${code}): without it no command is carried out`;
  return new FleetError("NOT_WRITABLE", problem, { cause });
}
