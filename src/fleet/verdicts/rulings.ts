// SPDX-License-Identifier: Apache-2.0
// What was ruled, and asking for it: one row for each behaviour outside of a model. A ruling is signed when it leaves the server.
import type { Signer } from "../../attest/keys/keys.ts";
import type { UnknownPolicy } from "../../wire/api/index.ts";
import {
  MAX_RULINGS,
  readVerdictAsk,
  type Ruling,
  type Rulings as SignedRulings,
  type RulingsSince,
  signRulings,
  type VerdictAnswer,
  type VerdictQuestion,
} from "../../wire/link/index.ts";
import { dbText, type FleetStore } from "../store/index.ts";
import type { RulingRecord, VerdictDb, VerdictTables } from "./tables.ts";

/** Whose rule it is that counts where nobody has ruled. */
const POLICY_BY = "policy";

export interface RulingsParts {
  readonly store: FleetStore;
  readonly signer: Signer;
  /** ms since 1970 */
  now(): number;
  /** A host has asked about something that nobody has ruled about. @throws FleetError TOO_MANY */
  unknown(host: string, question: VerdictQuestion): Promise<void>;
}

/** What somebody decides. */
export interface Decision {
  readonly model: string;
  readonly coefficient: string;
  readonly verdict: Ruling["verdict"];
  readonly by: string;
  readonly reason: string;
}

export class FleetRulings {
  readonly db: VerdictDb;
  readonly #parts: RulingsParts;

  constructor(parts: RulingsParts) {
    this.#parts = parts;
    this.db = parts.store.db.withTables<VerdictTables>();
  }

  /** @throws LinkError, FleetError: what the host is told instead */
  async answer(host: string, body: Uint8Array): Promise<VerdictAnswer> {
    const ask = readVerdictAsk(body);
    if ("since" in ask) return this.#signed(await this.#since(ask));
    const known = await this.#find(ask);
    if (known !== undefined) return this.#signed({ rulings: [known], nonce: ask.nonce });
    await this.#parts.unknown(host, ask);
    return this.#signed({ nonce: ask.nonce, ...(await this.#byPolicy(ask)) });
  }

  /** Rules, from now on. @returns the text of what all hosts are to be sent */
  async decide({ model, coefficient, verdict, by, reason }: Decision): Promise<string> {
    const at = this.#parts.now();
    const rev = await this.#parts.store.transaction(async (tx) => {
      const db = tx.withTables<VerdictTables>();
      // whoever rules at the same time waits here: a higher number is never there before a lower one
      const counted = await db
        .updateTable("verdict_counter")
        .set((e) => ({ rev: e("rev", "+", 1) }))
        .where("id", "=", 1)
        .returning("rev")
        .executeTakeFirstOrThrow();
      const row: Omit<RulingRecord, "model" | "coefficient"> = {
        ...{ verdict, rev: Number(counted.rev), by: dbText(by), reason: dbText(reason), at },
      };
      await db
        .insertInto("verdict_rulings")
        .values({ model, coefficient, ...row })
        .onConflict((conflict) => conflict.columns(["model", "coefficient"]).doUpdateSet(row))
        .execute();
      return row.rev;
    });
    return this.#signed({ rulings: [{ model, coefficient, verdict, rev, at, by }] }).envelope;
  }

  async policy(model: string): Promise<UnknownPolicy> {
    const rows = await this.db
      .selectFrom("verdict_policies")
      .select(["model", "unknown"])
      .where("model", "in", [model, ""])
      .execute();
    const own = rows.find((row) => row.model === model) ?? rows[0];
    return own === undefined ? "ask" : (own.unknown as UnknownPolicy);
  }

  async #find({ model, coefficient }: VerdictQuestion): Promise<Ruling | undefined> {
    const record = await this.db
      .selectFrom("verdict_rulings")
      .selectAll()
      .where("model", "=", model)
      .where("coefficient", "=", coefficient)
      .executeTakeFirst();
    return record === undefined || record.verdict === "taken back" ? undefined : rulingOf(record);
  }

  async #byPolicy({
    model,
    coefficient,
  }: VerdictQuestion): Promise<Pick<SignedRulings, "rulings" | "pending">> {
    const verdict = await this.policy(model);
    if (verdict === "ask") return { rulings: [], pending: true };
    const at = this.#parts.now();
    return { rulings: [{ model, coefficient, verdict, rev: 0, at, by: POLICY_BY }] };
  }

  async #since({ since, models, nonce }: RulingsSince): Promise<Omit<SignedRulings, "v" | "at">> {
    const all = this.db.selectFrom("verdict_rulings").selectAll().where("rev", ">", since);
    const some =
      models === undefined || models.length === 0 ? all : all.where("model", "in", [...models]);
    const records = await some.orderBy("rev").limit(MAX_RULINGS).execute();
    const rulings = records.map(rulingOf);
    const last = rulings.at(-1);
    const more = rulings.length === MAX_RULINGS && last !== undefined ? { more: last.rev } : {};
    return { nonce, rulings, ...more };
  }

  #signed(content: Omit<SignedRulings, "v" | "at">): VerdictAnswer {
    const envelope = signRulings({ v: 1, at: this.#parts.now(), ...content }, this.#parts.signer);
    return { v: 1, envelope };
  }
}

function rulingOf({ model, coefficient, verdict, rev, at, by }: RulingRecord): Ruling {
  const word = verdict as Ruling["verdict"];
  return { model, coefficient, verdict: word, rev: Number(rev), at: Number(at), by };
}
