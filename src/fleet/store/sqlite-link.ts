// SPDX-License-Identifier: Apache-2.0
// The server's end of the thread that has the SQLite file: questions, and their answers in order.
import type { Worker } from "node:worker_threads";
import { siblingModule, startThread } from "../../native/start-thread.ts";
import { StoreError } from "./errors.ts";
import type {
  SqliteAnswer,
  SqliteOpening,
  SqliteRequest,
  SqliteRow,
  SqliteValue,
} from "./sqlite-protocol.ts";

interface Waiting {
  resolve(answer: SqliteResult): void;
  reject(error: StoreError): void;
}

export interface SqliteResult {
  readonly rows: readonly SqliteRow[];
  readonly changes: number;
}

export class SqliteLink {
  readonly #thread: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended: Promise<void>;
  #next = 1;
  #gone: StoreError | undefined;

  private constructor(opening: SqliteOpening) {
    this.#thread = startThread(siblingModule(import.meta.url, "sqlite-thread"), {
      workerData: opening,
    });
    this.#thread.on("message", (answer: SqliteAnswer) => this.#answered(answer));
    this.#thread.on("error", (error) => this.#end(error.message));
    this.#ended = new Promise((resolve) => {
      this.#thread.once("exit", () => {
        this.#end("it has ended");
        resolve();
      });
    });
  }

  /** @throws StoreError QUERY_FAILED: the file can not be opened, with SQLite's words; DB_GONE */
  static async open(opening: SqliteOpening): Promise<SqliteLink> {
    const link = new SqliteLink(opening);
    try {
      await new Promise<SqliteResult>((resolve, reject) =>
        link.#waiting.set(0, { resolve, reject }),
      );
    } catch (error) {
      await link.#ended;
      throw error;
    }
    return link;
  }

  /** @throws StoreError QUERY_FAILED, DB_GONE */
  ask(
    sql: string,
    parameters: readonly SqliteValue[],
    want: SqliteRequest["want"],
  ): Promise<SqliteResult> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone);
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#thread.postMessage({ id, sql, parameters, want } satisfies SqliteRequest);
    });
  }

  /** The thread has ended, or cannot go on: it answers nothing more. */
  get isGone(): boolean {
    return this.#gone !== undefined;
  }

  /** Ends the thread in the middle of whatever it does, as a fault of it would. */
  async kill(): Promise<void> {
    await this.#thread.terminate();
    await this.#ended;
  }

  /** Returns when the file is closed. */
  async close(): Promise<void> {
    if (this.#gone === undefined) await this.ask("", [], "close").catch(() => undefined);
    await this.#ended;
  }

  #answered(answer: SqliteAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ("rows" in answer) waiting?.resolve(answer);
    else waiting?.reject(new StoreError("QUERY_FAILED", answer.error));
  }

  #end(why: string): void {
    this.#gone ??= new StoreError(
      "DB_GONE",
      `the thread that has the fleet's database is gone: ${why}`,
    );
    for (const waiting of this.#waiting.values()) waiting.reject(this.#gone);
    this.#waiting.clear();
  }
}
