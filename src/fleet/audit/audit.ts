// SPDX-License-Identifier: Apache-2.0
// The audit log: who has changed what, or wanted to. A line stands before anything is done, and gets its result afterwards; one that stays
// `begun` is of a server that was ended in the middle of it.
import { sql } from "kysely";
import type { AuditRow, Rows } from "../../wire/api/index.ts";
import type { FleetStore } from "../store/index.ts";
import { newId } from "../auth/secrets.ts";
import type { AccessDb, AccessTables, AuditRecord } from "../auth/tables.ts";

export const MAX_AUDIT_TEXT = 1_000;

/** Somebody does something. */
export interface Deed {
  readonly who: string;
  readonly role: string;
  readonly via: AuditRow["via"];
  /** `user.add`, `command.kill` */
  readonly action: string;
  readonly target: string;
  readonly address: string;
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

  /** Writes that something begins, and returns the id of the line. */
  async begin(deed: Deed): Promise<string> {
    return this.#write(deed, "begun", "");
  }

  /** What became of it. @param target when it is known better now */
  async end(
    id: string,
    result: Exclude<AuditRow["result"], "begun">,
    words: string,
    target?: string,
  ): Promise<void> {
    await this.#db
      .updateTable("audit")
      .set({ result, words: cut(words), ...(target !== undefined && { target: cut(target) }) })
      .where("id", "=", id)
      .execute();
  }

  /** Something that is over already. @param db to write it in a transaction with what was done */
  async note(
    deed: Deed,
    result: Exclude<AuditRow["result"], "begun">,
    words: string,
    db?: AccessDb,
  ): Promise<void> {
    await this.#write(deed, result, words, db);
  }

  /** The newest first. */
  async list({ q, offset, limit }: AuditQuery): Promise<Rows<AuditRow>> {
    const like = `%${q.toLowerCase().replace(/[\\%_]/g, "\\$&")}%`;
    const base = this.#db.selectFrom("audit");
    const some =
      q === ""
        ? base
        : base.where((e) =>
            e.or(
              ["who", "action", "target", "words", "address"].map(
                (column) => sql<boolean>`lower(${sql.ref(column)}) like ${like} escape '\\'`,
              ),
            ),
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
        who: cut(deed.who),
        role: deed.role,
        via: deed.via,
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

/** NUL can not be stored by PostgreSQL. */
function cut(text: string): string {
  return text.slice(0, MAX_AUDIT_TEXT).replaceAll("\0", "\ufffd");
}
