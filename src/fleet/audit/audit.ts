// SPDX-License-Identifier: Apache-2.0
// The audit log: who has changed what, or wanted to. A line stands before anything is done, and gets its result afterwards; one that stays
// `begun` is of a server that was ended in the middle of it.
import { CodedError } from "../../base/errors.ts";
import type { AuditRow, Rows } from "../../wire/api/index.ts";
import type { AuditEntry } from "../server/context.ts";
import type { Principal } from "../server/http.ts";
import { dbText, type FleetStore, holds, StoreError } from "../store/index.ts";
import { newId } from "../auth/secrets.ts";
import type { AccessDb, AccessTables, AuditRecord } from "../auth/tables.ts";

export const MAX_AUDIT_TEXT = 1_000;

/** Somebody does something. */
export type Deed = Omit<AuditEntry, "result" | "words">;

/** What is known of it when it is done. */
export interface DeedMore {
  words: string;
  target?: string;
}

export interface AuditQuery {
  /** Part of who, action, target or words. */
  readonly q: string;
  readonly offset: number;
  readonly limit: number;
}

export class Audit {
  readonly #db: AccessDb;
  readonly #now: () => number;

  constructor({ db }: Pick<FleetStore, "db">, now: () => number) {
    this.#db = db.withTables<AccessTables>();
    this.#now = now;
  }

  /** Something that is over already. @param db to write it in a transaction with what was done */
  async note({ result, words, ...deed }: AuditEntry, db?: AccessDb): Promise<void> {
    await this.#write(deed, result, words, db);
  }

  /**
   * Writes that something begins, does it, and writes what became of it: what `run` throws, too.
   * @param run may say more of it than was known before
   */
  async during<T>(deed: Deed, run: (more: DeedMore) => Promise<T>): Promise<T> {
    const id = await this.#write(deed, "begun", "");
    const more: DeedMore = { words: "" };
    try {
      const done = await run(more);
      await this.#end(id, "done", more);
      return done;
    } catch (error) {
      const isRefusal = error instanceof CodedError && !(error instanceof StoreError);
      const words = isRefusal ? error.message : "the server failed at this; its log says where";
      await this.#end(id, isRefusal ? "refused" : "failed", { ...more, words });
      throw error;
    }
  }

  async #end(id: string, result: AuditEntry["result"], { words, target }: DeedMore): Promise<void> {
    await this.#db
      .updateTable("audit")
      .set({ result, words: cut(words), ...(target !== undefined && { target: cut(target) }) })
      .where("id", "=", id)
      .execute();
  }

  /** The newest first. */
  async list({ q, offset, limit }: AuditQuery): Promise<Rows<AuditRow>> {
    const base = this.#db.selectFrom("audit");
    const some =
      q === ""
        ? base
        : base.where((e) =>
            e.or(["who", "action", "target", "words", "address"].map((column) => holds(column, q))),
          );
    const [{ count }, rows] = await Promise.all([
      some.select((e) => e.fn.countAll<number>().as("count")).executeTakeFirstOrThrow(),
      some
        .selectAll()
        .orderBy("at", "desc")
        .orderBy("id", "desc")
        .offset(offset)
        .limit(limit)
        .execute(),
    ]);
    return { rows: rows.map(rowOf), total: Number(count), offset };
  }

  async #write(
    deed: Deed,
    result: AuditRow["result"],
    words: string,
    db: AccessDb = this.#db,
  ): Promise<string> {
    const id = newId();
    await db
      .insertInto("audit")
      .values({
        id,
        at: this.#now(),
        ...whoOf(deed.who),
        action: deed.action,
        target: cut(deed.target),
        result,
        words: cut(words),
        address: cut(deed.address),
      })
      .execute();
    return id;
  }
}

function rowOf(record: AuditRecord): AuditRow {
  return {
    ...record,
    via: record.via as AuditRow["via"],
    result: record.result as AuditRow["result"],
  };
}

const VIA: Readonly<Record<Principal["kind"], AuditRow["via"]>> = {
  user: "session",
  token: "token",
  local: "local",
};

function whoOf(who: AuditEntry["who"]): Pick<AuditRecord, "who" | "role" | "via"> {
  if (typeof who === "string") return { who, role: "", via: "server" };
  return { who: cut(who.name), role: who.role, via: VIA[who.kind] };
}

function cut(text: string): string {
  return dbText(text.slice(0, MAX_AUDIT_TEXT));
}
