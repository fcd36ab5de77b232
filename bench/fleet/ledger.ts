// SPDX-License-Identifier: Apache-2.0
// What the simulated hosts told against what stands in the database: nothing lost, nothing twice.
import { sql } from "kysely";
import type { FleetStore } from "../../src/fleet/store/index.ts";
import type { CrowdReport } from "./orders.ts";

export interface Difference {
  /** Violations that were told and are not in the database. */
  readonly lost: number;
  /** Rows that nobody told. */
  readonly unknown: number;
  /** How often a violation was counted at its workload beyond once. */
  readonly twice: number;
  /** Workloads that run, as the hosts have them and as the database has them. */
  readonly workloads: { readonly told: number; readonly stored: number };
  /** Violations that were told. */
  readonly violations: number;
}

export class Ledger {
  readonly #violations = new Set<string>();

  /** Adds what a report of the crowd tells of violations. */
  take({ violations }: CrowdReport): void {
    for (const [id] of violations) this.#violations.add(id);
  }

  get violations(): number {
    return this.#violations.size;
  }

  /** @param workloads that run, as the hosts have it */
  async compare(store: FleetStore, workloads: number): Promise<Difference> {
    const { db } = store;
    const rows = await db.selectFrom("violations").select("id").execute();
    const stored = new Set(rows.map(({ id }) => id));
    const sums = await db
      .selectFrom("workloads")
      .select([
        sql<number>`coalesce(sum(violations), 0)`.as("violations"),
        sql<number>`coalesce(sum(1 - gone), 0)`.as("running"),
      ])
      .executeTakeFirstOrThrow();
    const lost = [...this.#violations].filter((id) => !stored.has(id)).length;
    return {
      lost,
      unknown: [...stored].filter((id) => !this.#violations.has(id)).length,
      twice: Number(sums.violations) - stored.size,
      workloads: { told: workloads, stored: Number(sums.running) },
      violations: this.#violations.size,
    };
  }
}

/** In words, for a table and for what a failure says. */
export function wordsOf({ lost, unknown, twice, workloads, violations }: Difference): string {
  return `${violations} told: ${lost} lost, ${unknown} unknown, ${twice} twice; ${workloads.stored} of ${workloads.told} workloads`;
}

export function isSame({ lost, unknown, twice, workloads }: Difference): boolean {
  return lost + unknown + Math.abs(twice) === 0 && workloads.told === workloads.stored;
}
