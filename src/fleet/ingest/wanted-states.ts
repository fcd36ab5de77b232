// SPDX-License-Identifier: Apache-2.0
// Asks for the sets behind states that the database does not have: of one host each, as a state is the same everywhere.
import { sql } from "kysely";
import type { HostAsk } from "../../wire/link/index.ts";
import type { IngestContext } from "./ingest.ts";
import { ASK_AGAIN_MS, HEARD_MS, MAX_STATES_ASKED, MAX_STATES_OF_HOST } from "./limits.ts";

export class WantedStates {
  readonly #context: IngestContext;
  /** When each was asked for. */
  readonly #asked = new Map<string, number>();
  /** States that nobody had told when it was looked last. */
  #before: ReadonlySet<string> = new Set();

  constructor(context: IngestContext) {
    this.#context = context;
  }

  /** Those that were wanted at the last look too: a workload that learns has another state in a moment. The most common ones first. */
  async ask(): Promise<void> {
    const { store, bus, now } = this.#context;
    const before = now() - ASK_AGAIN_MS;
    for (const [state, at] of this.#asked) if (at < before) this.#asked.delete(state);
    const rows = await store.db
      .selectFrom("workloads as w")
      .innerJoin("hosts as h", "h.id", "w.host")
      .leftJoin("states as s", "s.state", "w.state")
      .select(["w.state", sql<string>`min(w.host)`.as("host")])
      .where("w.gone", "=", 0)
      .where("w.state", "!=", "")
      .where("s.state", "is", null)
      .where("h.last_seen", ">", now() - HEARD_MS) // it has to hear the question
      .groupBy("w.state")
      .orderBy(sql`count(*)`, "desc")
      .orderBy("w.state")
      .limit(MAX_STATES_ASKED)
      .execute();
    const of = new Map<string, string[]>();
    for (const { state, host } of rows) {
      const own = of.get(host) ?? [];
      if (!this.#before.has(state) || this.#asked.has(state) || own.length >= MAX_STATES_OF_HOST)
        continue;
      this.#asked.set(state, now());
      of.set(host, [...own, state]);
    }
    this.#before = new Set(rows.map(({ state }) => state));
    for (const [host, states] of of) bus.down(host, "ask", { v: 1, states } satisfies HostAsk);
  }
}
