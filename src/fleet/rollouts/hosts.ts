// SPDX-License-Identifier: Apache-2.0
// Hosts of a roll-out in the database.
import { ROWS_AT_ONCE } from "../commands/limits.ts";
import type { StepHosts } from "./steps.ts";
import type { RolloutDb } from "./tables.ts";

/** Hosts that were away and have what was rolled out now are waited for when it is taken back. */
export async function expectAnswered(tx: RolloutDb, rollout: string): Promise<void> {
  await tx
    .updateTable("rollout_hosts")
    .set({ absent: 0 })
    .where("rollout", "=", rollout)
    .where("absent", "=", 1)
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom("command_hosts as c")
          .select("c.host")
          .whereRef("c.command", "=", "rollout_hosts.command")
          .whereRef("c.host", "=", "rollout_hosts.host")
          .where("c.status", "=", "done"),
      ),
    )
    .execute();
}

/** The hosts of all steps, none of them reached. */
export async function addHosts(
  tx: RolloutDb,
  rollout: string,
  hosts: readonly string[],
  steps: readonly StepHosts[],
): Promise<void> {
  const rows = steps.flatMap(({ from, to }, step) =>
    hosts.slice(from, to).map((host) => ({
      ...{ rollout, host, step, reached: null, absent: 0 },
      ...{ previous: null, command: null, back: null },
    })),
  );
  for (let at = 0; at < rows.length; at += ROWS_AT_ONCE) {
    await tx
      .insertInto("rollout_hosts")
      .values(rows.slice(at, at + ROWS_AT_ONCE))
      .execute();
  }
}
