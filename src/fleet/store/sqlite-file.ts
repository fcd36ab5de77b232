// SPDX-License-Identifier: Apache-2.0
// The SQLite file and the thread that has it now: when that has died (no memory, a fault of the engine), the next who asks gets another one.
import { rmSync } from "node:fs";
import { StoreError } from "./errors.ts";
import { SqliteLink } from "./sqlite-link.ts";

export class SqliteFile {
  readonly #path: string;
  #link: SqliteLink | undefined;
  #opening: Promise<SqliteLink> | undefined;
  #isClosed = false;

  /** @param path of a file that nobody else has: the lock of the engine, which is not its holder's, is removed */
  constructor(path: string) {
    this.#path = path;
  }

  /** @throws StoreError QUERY_FAILED: it can not be opened, with SQLite's words; DB_GONE */
  async link(): Promise<SqliteLink> {
    if (this.#isClosed) throw new StoreError("DB_GONE", "the fleet's database is closed");
    if (this.#link !== undefined && !this.#link.isGone) return this.#link;
    this.#opening ??= this.#open();
    try {
      return await this.#opening;
    } finally {
      this.#opening = undefined;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#opening?.catch(() => undefined);
    await this.#link?.close();
  }

  async #open(): Promise<SqliteLink> {
    rmSync(`${this.#path}.lock`, { recursive: true, force: true });
    const link = await SqliteLink.open({ path: this.#path });
    this.#link = link;
    return link;
  }
}
