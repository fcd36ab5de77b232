// SPDX-License-Identifier: Apache-2.0
// How often somebody may try to log in, counted in the database: with several servers there are not several times as many tries.
import { sql } from "kysely";
import type { FleetStore } from "../store/index.ts";
import { AccessError } from "./access-error.ts";
import { MAX_TRIES_OF_ADDRESS, MAX_TRIES_OF_BOTH, MAX_TRIES_OF_USER, TRIES_MS } from "./limits.ts";
import { digestOf } from "./secrets.ts";
import type { AccessDb, AccessTables } from "./tables.ts";

interface Counted {
  readonly bucket: string;
  readonly most: number;
}

export class Tries {
  readonly #db: AccessDb;
  readonly #now: () => number;

  constructor({ db }: Pick<FleetStore, "db">, now: () => number) {
    this.#db = db.withTables<AccessTables>();
    this.#now = now;
  }

  /**
   * Counts a try before the password is looked at, so that those that come at the same time count too.
   * @throws AccessError TOO_MANY; `facts.first` tells that it is the first one too many, which is worth a word
   */
  async take(user: string, address: string): Promise<void> {
    for (const { bucket, most } of bucketsOf(user, address)) {
      const tries = await this.#count(bucket);
      if (tries <= most) continue;
      const minutes = TRIES_MS / 60_000;
      const problem = `too many logins were tried; come again in ${minutes} minutes`;
      throw new AccessError("TOO_MANY", problem, { facts: { first: tries === most + 1 } });
    }
  }

  /** After a good login: who knows the password is not guessing it. */
  async forget(user: string, address: string): Promise<void> {
    const [both] = bucketsOf(user, address);
    if (both === undefined) return;
    await this.#db.deleteFrom("login_tries").where("bucket", "=", both.bucket).execute();
  }

  /** Rows that count no more. */
  async clean(): Promise<void> {
    const end = this.#now() - TRIES_MS;
    await this.#db.deleteFrom("login_tries").where("since", "<=", end).execute();
  }

  async #count(bucket: string): Promise<number> {
    const now = this.#now();
    const isOld = sql<boolean>`login_tries.since <= ${now - TRIES_MS}`;
    const { tries } = await this.#db
      .insertInto("login_tries")
      .values({ bucket, tries: 1, since: now })
      .onConflict((conflict) =>
        conflict.column("bucket").doUpdateSet({
          tries: sql<number>`case when ${isOld} then 1 else login_tries.tries + 1 end`,
          since: sql<number>`case when ${isOld} then ${now} else login_tries.since end`,
        }),
      )
      .returning("tries")
      .executeTakeFirstOrThrow();
    return Number(tries);
  }
}

/** Names that were tried are kept as digests: people type passwords there. */
function bucketsOf(user: string, address: string): readonly Counted[] {
  const who = digestOf(user);
  return [
    { bucket: `both:${address}:${who}`, most: MAX_TRIES_OF_BOTH },
    { bucket: `address:${address}`, most: MAX_TRIES_OF_ADDRESS },
    { bucket: `user:${who}`, most: MAX_TRIES_OF_USER },
  ];
}
