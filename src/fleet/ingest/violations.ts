// SPDX-License-Identifier: Apache-2.0
// Violations, behaviours and the sets of states: each is kept once, however often it is told.
import { sql } from "kysely";
import type { Transaction } from "kysely";
import type { BehaviourItem, PointsItem, ViolationItem } from "../../wire/link/index.ts";
import { dbText, pieces, valuesOf } from "../store/index.ts";
import type { FleetSchema } from "../store/index.ts";
import type { Arrived, ItemApplier } from "./applier.ts";

const WIDTH = 16;

/** The same however often it is sent; fit for a path of the API. */
export function violationId(host: string, run: string, number: number): string {
  return `${host}~${run}~${number}`;
}

export const violationApplier: ItemApplier<"violation"> = {
  kind: "violation",
  apply: applyViolations,
};
export const behaviourApplier: ItemApplier<"behaviour"> = {
  kind: "behaviour",
  apply: applyBehaviours,
};
export const pointsApplier: ItemApplier<"points"> = { kind: "points", apply: applyPoints };

async function applyViolations(
  tx: Transaction<FleetSchema>,
  items: readonly Arrived<ViolationItem>[],
  now: number,
): Promise<void> {
  const of = new Map(
    items.map(({ host, item }) => [`${host} ${item.run}`, [host, item.run] as const]),
  );
  const known = await workloadsOf(tx, [...of.values()]);
  const rows = items.map(({ host, item }) => {
    const workload = known.get(`${host} ${item.run}`);
    return {
      id: violationId(host, item.run, item.number),
      host,
      run: item.run,
      name: workload?.name ?? "",
      model: item.model ?? workload?.model ?? "",
      // a clock that is ahead would have it stand before all others, and never be forgotten
      at: Math.min(item.at, now),
      received: now,
      coefficient: item.coefficient ?? "",
      hook: dbText(item.hook),
      decision: item.decision,
      words: dbText(item.words),
      why: dbText(item.why),
      body: JSON.stringify(item),
    };
  });
  const counts = new Map<string, number>();
  for (const some of pieces(rows, WIDTH)) {
    const inserted = await tx
      .insertInto("violations")
      .values([...some])
      .onConflict((conflict) => conflict.column("id").doNothing())
      .returning(["host", "run"])
      .execute();
    for (const { host, run } of inserted) {
      counts.set(`${host} ${run}`, (counts.get(`${host} ${run}`) ?? 0) + 1);
    }
  }
  await addCounts(
    tx,
    [...of].flatMap(([key, names]) =>
      known.has(key) ? [{ names, more: counts.get(key) ?? 0 }] : [],
    ),
    now,
  );
}

/** One statement for all workloads that have the same number of new ones. */
async function addCounts(
  tx: Transaction<FleetSchema>,
  counts: readonly { readonly names: readonly [string, string]; readonly more: number }[],
  now: number,
): Promise<void> {
  for (const more of new Set(counts.map((one) => one.more))) {
    if (more === 0) continue;
    const keys = counts.filter((one) => one.more === more).map(({ names }) => names);
    for (const some of pieces(keys, 2)) {
      await tx
        .updateTable("workloads")
        .set({ violations: sql<number>`violations + ${sql.lit(more)}`, updated: now })
        .where(sql<boolean>`(host, run) in ${valuesOf(some)}`)
        .execute();
    }
  }
}

async function workloadsOf(
  tx: Transaction<FleetSchema>,
  keys: readonly (readonly [string, string])[],
): Promise<Map<string, { readonly name: string; readonly model: string }>> {
  const known = new Map<string, { name: string; model: string }>();
  for (const some of pieces(keys, 2)) {
    const rows = await tx
      .selectFrom("workloads")
      .select(["host", "run", "name", "model"])
      .where(sql<boolean>`(host, run) in ${valuesOf(some)}`)
      .execute();
    for (const { host, run, name, model } of rows) known.set(`${host} ${run}`, { name, model });
  }
  return known;
}

async function applyBehaviours(
  tx: Transaction<FleetSchema>,
  items: readonly Arrived<BehaviourItem>[],
): Promise<void> {
  const first = new Map<string, Arrived<BehaviourItem>>();
  for (const one of items) {
    if (!first.has(one.item.coefficient)) first.set(one.item.coefficient, one);
  }
  // In one order everywhere: two servers that write the same ones wait for each other, they do not lock each other out
  const rows = [...first.values()]
    .sort((a, b) => (a.item.coefficient < b.item.coefficient ? -1 : 1))
    .map(({ host, item }) => ({
      coefficient: item.coefficient,
      hook: dbText(item.hook),
      words: dbText(item.words),
      host,
      run: item.run,
      at: item.at,
      body: JSON.stringify(item),
    }));
  for (const some of pieces(rows, WIDTH)) {
    await tx
      .insertInto("behaviours")
      .values([...some])
      .onConflict((conflict) => conflict.column("coefficient").doNothing())
      .execute();
  }
}

/** A set that is known as a whole stays as it is: nobody adds to what others have told. */
async function applyPoints(
  tx: Transaction<FleetSchema>,
  told: readonly Arrived<PointsItem>[],
  now: number,
): Promise<void> {
  const whole = await wholeStates(tx, [...new Set(told.map(({ item }) => item.state))]);
  const items = told.filter(({ item }) => !whole.has(item.state));
  const states = new Map(items.map(({ item }) => [item.state, item.total]));
  const rows = [...states]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([state, points]) => ({ state, points, at: now }));
  const points = [
    ...new Set(items.flatMap(({ item }) => item.coefficients.map((one) => `${item.state} ${one}`))),
  ].sort();
  for (const some of pieces(rows, 3)) {
    await tx
      .insertInto("states")
      .values([...some])
      .onConflict((conflict) => conflict.column("state").doNothing())
      .execute();
  }
  for (const some of pieces(points, 2)) {
    await tx
      .insertInto("state_points")
      .values(
        some.map((text) => {
          const [state = "", coefficient = ""] = text.split(" ");
          return { state, coefficient };
        }),
      )
      .onConflict((conflict) => conflict.columns(["state", "coefficient"]).doNothing())
      .execute();
  }
}

async function wholeStates(
  tx: Transaction<FleetSchema>,
  states: readonly string[],
): Promise<ReadonlySet<string>> {
  const whole = new Set<string>();
  for (const some of pieces(states, 1)) {
    const rows = await tx
      .selectFrom("states")
      .select("state")
      .where("state", "in", [...some])
      .where(
        sql<boolean>`points <= (select count(*) from state_points p where p.state = states.state)`,
      )
      .execute();
    for (const { state } of rows) whole.add(state);
  }
  return whole;
}
