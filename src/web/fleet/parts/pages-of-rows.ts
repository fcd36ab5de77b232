// SPDX-License-Identifier: Apache-2.0
// A long list of a server, of which only those pages are here that were looked at. Nothing here knows that it runs in a page.

/** A part of a list, as the server answers. */
export interface Part<T> {
  readonly rows: readonly T[];
  readonly total: number;
}

/** Asks for rows from `offset` on. */
export type AskPart<T> = (offset: number, limit: number, signal: AbortSignal) => Promise<Part<T>>;

/** Rows of one request. */
export const PAGE_ROWS = 200;
/** Pages that are kept; those that were not looked at for longest go first. */
export const MAX_PAGES = 40;

export interface RowSource<T> {
  /** Rows in all; undefined: not known yet. */
  readonly total: number | undefined;
  readonly error: unknown;
  at(index: number): T | undefined;
  /** These rows are looked at: what is missing of them is fetched. */
  look(from: number, to: number): void;
}

interface Page<T> {
  rows: readonly T[];
  stale: boolean;
}

export class PagesOfRows<T> implements RowSource<T> {
  total: number | undefined;
  error: unknown;
  readonly #ask: AskPart<T>;
  readonly #changed: () => void;
  readonly #pages = new Map<number, Page<T>>();
  readonly #waiting = new Map<number, AbortController>();
  #seen: readonly [from: number, to: number] = [0, 1];
  /** How often everything was said to have changed. */
  #turn = 0;
  #closed = false;

  /** @param changed rows have come, or the number of them has changed */
  constructor(ask: AskPart<T>, changed: () => void) {
    this.#ask = ask;
    this.#changed = changed;
  }

  at(index: number): T | undefined {
    return this.#pages.get(Math.floor(index / PAGE_ROWS))?.rows[index % PAGE_ROWS];
  }

  look(from: number, to: number): void {
    this.#seen = [from, to];
    const [first, last] = this.#range();
    for (const [at, asked] of this.#waiting) {
      if (at >= first && at <= last) continue;
      asked.abort();
      this.#waiting.delete(at);
    }
    for (let at = first; at <= last; at++) {
      const page = this.#pages.get(at);
      if (page !== undefined) {
        // it is the one that was looked at last
        this.#pages.delete(at);
        this.#pages.set(at, page);
      }
      if ((page === undefined || page.stale) && !this.#waiting.has(at)) void this.#fetch(at);
    }
  }

  /** Everything may have changed: what is in sight is fetched again, the rest when it is looked at. */
  refresh(): void {
    for (const page of this.#pages.values()) page.stale = true;
    this.error = undefined;
    this.#turn += 1;
    this.look(...this.#seen);
  }

  /** Puts another row in the place of one that is here. @returns whether there was one */
  replace(fits: (row: T) => boolean, row: T): boolean {
    for (const page of this.#pages.values()) {
      const at = page.rows.findIndex(fits);
      if (at < 0) continue;
      page.rows = page.rows.with(at, row);
      this.#changed();
      return true;
    }
    return false;
  }

  close(): void {
    this.#closed = true;
    for (const asked of this.#waiting.values()) asked.abort();
  }

  #range(): readonly [first: number, last: number] {
    const [from, to] = this.#seen;
    const end = this.total === undefined ? to : Math.min(to, this.total);
    return [
      Math.floor(Math.max(0, from) / PAGE_ROWS),
      Math.floor(Math.max(0, end - 1) / PAGE_ROWS),
    ];
  }

  async #fetch(at: number): Promise<void> {
    const asked = new AbortController();
    const turn = this.#turn;
    this.#waiting.set(at, asked);
    try {
      const { rows, total } = await this.#ask(at * PAGE_ROWS, PAGE_ROWS, asked.signal);
      if (this.#closed) return;
      // what was asked for before the news may be as it was before them
      this.#pages.set(at, { rows, stale: turn !== this.#turn });
      this.total = total;
      this.error = undefined;
      this.#forget();
    } catch (error) {
      if (asked.signal.aborted) return;
      this.error = error;
    } finally {
      if (this.#waiting.get(at) === asked) this.#waiting.delete(at);
      if (!this.#closed && !asked.signal.aborted) {
        this.#changed();
        if (turn !== this.#turn) this.look(...this.#seen);
      }
    }
  }

  #forget(): void {
    const [first, last] = this.#range();
    for (const at of this.#pages.keys()) {
      if (this.#pages.size <= MAX_PAGES) return;
      if (at < first || at > last) this.#pages.delete(at);
    }
  }
}

/** A list that is here as a whole. */
export function wholeList<T>(rows: readonly T[]): RowSource<T> {
  return { total: rows.length, error: undefined, at: (index) => rows[index], look: () => {} };
}
