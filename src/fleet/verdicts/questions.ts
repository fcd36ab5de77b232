// SPDX-License-Identifier: Apache-2.0
// What hosts have asked about, for those who decide. A host that asks too much is told so, and nothing of it is kept.
import type { Rows, VerdictRow } from "../../wire/api/index.ts";
import type { RulingWord, VerdictQuestion } from "../../wire/link/index.ts";
import { FleetError } from "../errors.ts";
import type { PageAsked } from "../server/page-of.ts";
import { dbText, type FleetStore, holds } from "../store/index.ts";
import { COUNT_MS, MAX_ASKERS, MAX_NEW_A_MINUTE, MAX_WAITING } from "./limits.ts";
import type { QuestionRecord, RulingRecord, VerdictDb, VerdictTables } from "./tables.ts";

const MINUTE_MS = 60_000;

/** A question, and what was ruled about it. */
type Joined = QuestionRecord & { [Member in keyof Ruled]: Ruled[Member] | null };
type Ruled = Pick<RulingRecord, "verdict" | "by" | "at" | "reason">;

export class Questions {
  readonly #store: FleetStore;
  readonly #db: VerdictDb;
  readonly #now: () => number;
  #minute = 0;
  #news = new Map<string, number>();
  #waiting = { at: Number.NEGATIVE_INFINITY, count: 0 };

  constructor(store: FleetStore, now: () => number) {
    this.#store = store;
    this.#db = store.db.withTables<VerdictTables>();
    this.#now = now;
  }

  /** @returns whether nobody had asked about it before. @throws FleetError TOO_MANY */
  async note(host: string, question: VerdictQuestion): Promise<boolean> {
    this.#refuseTooMany(host);
    const { model, coefficient, run } = question;
    if ((await this.waiting()) >= MAX_WAITING)
      throw new FleetError("TOO_MANY", `${MAX_WAITING} behaviours wait for a verdict already`);
    const isNew = await this.#store.transaction(async (tx) => {
      const db = tx.withTables<VerdictTables>();
      const { asked } = await this.#asked(db, question);
      const { count } = await db
        .selectFrom("verdict_askers")
        .select((e) => e.fn.countAll<number>().as("count"))
        .where("model", "=", model)
        .where("coefficient", "=", coefficient)
        .executeTakeFirstOrThrow();
      if (Number(count) < MAX_ASKERS)
        await db
          .insertInto("verdict_askers")
          .values({ model, coefficient, host, run })
          .onConflict((conflict) => conflict.doNothing())
          .execute();
      return Number(asked) === 1;
    });
    if (isNew) this.#waiting = { ...this.#waiting, count: this.#waiting.count + 1 };
    return isNew;
  }

  /** Somebody has ruled: how many wait is counted anew. */
  ruled(): void {
    this.#waiting = { at: Number.NEGATIVE_INFINITY, count: 0 };
  }

  /** Behaviours that nobody has ruled about. */
  async waiting(): Promise<number> {
    const now = this.#now();
    if (now - this.#waiting.at > COUNT_MS) this.#waiting = { at: now, count: await this.count() };
    return this.#waiting.count;
  }

  async count(): Promise<number> {
    const { count } = await this.#some("pending", "")
      .select((e) => e.fn.countAll<number>().as("count"))
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  /** The last ones that were asked about first. */
  async list(
    state: "pending" | "decided",
    { q, offset, limit }: PageAsked,
  ): Promise<Rows<VerdictRow>> {
    const some = this.#some(state, q);
    const { count } = await some
      .select((e) => e.fn.countAll<number>().as("count"))
      .executeTakeFirstOrThrow();
    const records = await some
      .selectAll("asked")
      .select(["ruled.verdict", "ruled.by", "ruled.at", "ruled.reason"])
      .orderBy("asked.last", "desc")
      .orderBy("asked.coefficient")
      .offset(offset)
      .limit(limit)
      .execute();
    const rows = await Promise.all(records.map((record) => this.#row(record)));
    return { rows, total: Number(count), offset };
  }

  /** undefined: nobody has asked about it */
  async row(model: string, coefficient: string): Promise<VerdictRow | undefined> {
    const record = await this.#joined()
      .selectAll("asked")
      .select(["ruled.verdict", "ruled.by", "ruled.at", "ruled.reason"])
      .where("asked.model", "=", model)
      .where("asked.coefficient", "=", coefficient)
      .executeTakeFirst();
    return record === undefined ? undefined : await this.#row(record);
  }

  /** What somebody rules about although no host has asked is in the list too. */
  async known(model: string, coefficient: string): Promise<void> {
    const behaviour = await this.#db
      .selectFrom("behaviours")
      .select(["words", "hook"])
      .where("coefficient", "=", coefficient)
      .executeTakeFirst();
    const now = this.#now();
    const { words = "", hook = "" } = behaviour ?? {};
    await this.#db
      .insertInto("verdict_questions")
      .values({
        ...{ model, coefficient, words, hook, name: "", record: "" },
        ...{ first: now, last: now, asked: 0 },
      })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }

  #joined() {
    return this.#db
      .selectFrom("verdict_questions as asked")
      .leftJoin("verdict_rulings as ruled", (join) =>
        join
          .onRef("ruled.model", "=", "asked.model")
          .onRef("ruled.coefficient", "=", "asked.coefficient")
          .on("ruled.verdict", "!=", "taken back"),
      );
  }

  #some(state: "pending" | "decided", q: string) {
    const of = this.#joined().where("ruled.rev", state === "pending" ? "is" : "is not", null);
    if (q === "") return of;
    return of.where((e) =>
      e.or(
        ["asked.words", "asked.name", "asked.coefficient", "asked.model"].map((column) =>
          holds(column, q),
        ),
      ),
    );
  }

  async #asked(db: VerdictDb, question: VerdictQuestion): Promise<{ asked: number }> {
    const { model, coefficient, name, words, record = "" } = question;
    const now = this.#now();
    const hook = /"type": "([a-z_]{1,64})"/.exec(record)?.[1] ?? "";
    return await db
      .insertInto("verdict_questions")
      .values({
        ...{ model, coefficient, hook, first: now, last: now, asked: 1 },
        ...{ name: dbText(name), words: dbText(words), record: dbText(record) },
      })
      .onConflict((conflict) =>
        conflict.columns(["model", "coefficient"]).doUpdateSet((e) => ({
          last: now,
          asked: e("verdict_questions.asked", "+", 1),
        })),
      )
      .returning("asked")
      .executeTakeFirstOrThrow();
  }

  async #row(record: Joined): Promise<VerdictRow> {
    const { model, coefficient, name, words, hook } = record;
    const { hosts, runs } = await this.#db
      .selectFrom("verdict_askers")
      .select((e) => [
        e.fn.count<number>("host").distinct().as("hosts"),
        e.fn.countAll<number>().as("runs"),
      ])
      .where("model", "=", model)
      .where("coefficient", "=", coefficient)
      .executeTakeFirstOrThrow();
    return {
      id: `${model}~${coefficient}`,
      ...{ model, coefficient, name, words, hook },
      chain: await this.#chain(coefficient),
      hosts: Number(hosts),
      workloads: Number(runs),
      first: Number(record.first),
      last: Number(record.last),
      asked: Number(record.asked),
      ...ruledOf(record),
    };
  }

  /** Of the last violation that was this. */
  async #chain(coefficient: string): Promise<VerdictRow["chain"]> {
    const found = await this.#db
      .selectFrom("violations")
      .select("body")
      .where("coefficient", "=", coefficient)
      .orderBy("at", "desc")
      .limit(1)
      .executeTakeFirst();
    if (found === undefined) return [];
    const { chain } = JSON.parse(found.body) as { chain?: VerdictRow["chain"] };
    return chain ?? [];
  }

  #refuseTooMany(host: string): void {
    const minute = Math.floor(this.#now() / MINUTE_MS);
    if (minute !== this.#minute) this.#news = new Map();
    this.#minute = minute;
    const count = (this.#news.get(host) ?? 0) + 1;
    this.#news.set(host, count);
    if (count <= MAX_NEW_A_MINUTE) return;
    const problem = `a host asks about ${MAX_NEW_A_MINUTE} unknown behaviours a minute at most`;
    throw new FleetError("TOO_MANY", problem);
  }
}

function ruledOf({ verdict, by, at, reason }: Joined): Partial<VerdictRow> {
  if (verdict === null || by === null || at === null) return {};
  const why = reason === null || reason === "" ? {} : { reason };
  return { verdict: verdict as RulingWord, by, at: Number(at), ...why };
}
