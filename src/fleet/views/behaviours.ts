// SPDX-License-Identifier: Apache-2.0
// Behaviours: what a coefficient stands for, what a state holds, by what two states differ.
import { sql } from "kysely";
import type { BehaviourRow, Rows, StateDetail, StateGroup } from "../../wire/api/index.ts";
import { type FleetStore, holds, pieces } from "../store/index.ts";
import type { ListAsked } from "./asked.ts";
import type { Census } from "./census.ts";
import { MAX_DIFFERENCE } from "./limits.ts";
import { behaviourRow, partsOf, type SaidBehaviour } from "./rows.ts";

type Db = FleetStore["db"];

/** Name of the workload of who told of it first. */
const NAME = sql<string>`(select w.name from workloads w where w.host = b.host and w.run = b.run)`;

/** What is said of these coefficients. Counted is only for those that are shown, for all of them at once. @param from a select of `coefficient` */
async function said(
  db: Db,
  from: ReturnType<typeof sql>,
  { offset, limit }: { readonly offset: number; readonly limit: number },
): Promise<readonly BehaviourRow[]> {
  const { rows } = await sql<Omit<SaidBehaviour, "workloads">>`
    select b.coefficient, b.body, ${NAME} as name from
      (select c.coefficient, d.hook, d.words, d.body, d.host, d.run
        from (${from}) as c left join behaviours d on d.coefficient = c.coefficient
        order by d.hook, d.words, c.coefficient limit ${limit} offset ${offset}) as b
    order by b.hook, b.words, b.coefficient`.execute(db);
  const of = await workloadsOf(
    db,
    rows.map(({ coefficient }) => coefficient),
  );
  return rows.map((row) => behaviourRow({ ...row, workloads: of.get(row.coefficient) ?? 0 }));
}

/** By coefficient: workloads that run in a state that holds it, and those that were outside of their model by it. */
async function workloadsOf(
  db: Db,
  coefficients: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const of = new Map<string, number>();
  for (const some of pieces(coefficients, 2)) {
    if (some.length === 0) continue;
    const these = sql.join(some);
    const { rows } = await sql<{ coefficient: string; workloads: number }>`
      select p.coefficient, cast(sum(h.here) as bigint) as workloads from state_points p
        join (select state, count(*) as here from workloads where gone = 0 group by state) as h on h.state = p.state
        where p.coefficient in (${these}) group by p.coefficient
      union all
      select v.coefficient, count(distinct v.host || ' ' || v.run) from violations v
        where v.coefficient in (${these}) group by v.coefficient`.execute(db);
    for (const { coefficient, workloads } of rows) {
      of.set(coefficient, (of.get(coefficient) ?? 0) + Number(workloads));
    }
  }
  return of;
}

/** undefined: nobody has ever told of it. */
export async function behaviourDetail(
  db: Db,
  coefficient: string,
): Promise<BehaviourRow | undefined> {
  const from = sql`select coefficient from behaviours where coefficient = ${coefficient}
    union select coefficient from state_points where coefficient = ${coefficient}
    union select coefficient from violations where coefficient = ${coefficient}`;
  const [row] = await said(db, from, { offset: 0, limit: 1 });
  return row;
}

/** Of one workload: what its state holds, or, before that is known, what its host has described. */
export async function behavioursOf(
  db: Db,
  workload: string,
  { q, offset, limit }: ListAsked,
): Promise<Rows<BehaviourRow>> {
  const { host, run } = partsOf(workload);
  const { known } = await db
    .selectFrom("workloads")
    .innerJoin("state_points", "state_points.state", "workloads.state")
    .select(({ fn }) => fn.countAll<number>().as("known"))
    .where("workloads.host", "=", host)
    .where("workloads.run", "=", run)
    .executeTakeFirstOrThrow();
  const all =
    Number(known) > 0
      ? sql`select p.coefficient from state_points p join workloads w on w.state = p.state where w.host = ${host} and w.run = ${run}`
      : sql`select coefficient from behaviours where host = ${host} and run = ${run}`;
  const from =
    q === ""
      ? all
      : sql`select a.coefficient from (${all}) as a join behaviours on behaviours.coefficient = a.coefficient where ${holds("behaviours.words", q)} or ${holds("behaviours.body", q)}`;
  const total = await countOf(db, from);
  return { rows: await said(db, from, { offset, limit }), total, offset };
}

/** By what workloads under a model were outside of it. */
export async function candidatesOf(
  db: Db,
  model: string,
  { offset, limit }: Pick<ListAsked, "offset" | "limit">,
): Promise<Rows<BehaviourRow>> {
  const from = sql`select distinct coefficient from violations where model = ${model} and coefficient <> ''`;
  const total = await countOf(db, from);
  return { rows: await said(db, from, { offset, limit }), total, offset };
}

async function countOf(db: Db, from: ReturnType<typeof sql>): Promise<number> {
  const { rows } = await sql<{
    total: number;
  }>`select count(*) as total from (${from}) as c`.execute(db);
  return Number(rows[0]?.total ?? 0);
}

/** A state beside the one that is most common among its kind; undefined: nothing runs in it. */
export async function stateDetail(
  db: Db,
  state: string,
  census: Census,
): Promise<StateDetail | undefined> {
  const [group] = census.groups
    .filter((one) => one.state === state)
    .sort((a, b) => b.count - a.count);
  if (group === undefined) return undefined;
  const majority = census.majority(group);
  const other = majority === undefined || majority.state === state ? undefined : majority;
  const [difference, violated] = await Promise.all([
    other === undefined ? NO_DIFFERENCE : differenceOf(db, state, other.state),
    violatedBy(db, group),
  ]);
  return { group, ...(majority !== undefined && { majority }), ...difference, violated };
}

type Difference = Omit<StateDetail, "group" | "majority" | "violated">;

const NO_DIFFERENCE: Difference = { known: true, more: [], less: [], moreTotal: 0, lessTotal: 0 };

async function differenceOf(db: Db, state: string, other: string): Promise<Difference> {
  const known = await areKnown(db, [state, other]);
  if (!known) return { ...NO_DIFFERENCE, known };
  const limit = { offset: 0, limit: MAX_DIFFERENCE };
  const [more, less] = [without(state, other), without(other, state)];
  const [moreRows, lessRows, moreTotal, lessTotal] = await Promise.all([
    said(db, more, limit),
    said(db, less, limit),
    countOf(db, more),
    countOf(db, less),
  ]);
  return { known, more: moreRows, less: lessRows, moreTotal, lessTotal };
}

/** What one state holds and another does not. */
function without(one: string, other: string): ReturnType<typeof sql> {
  return sql`select p.coefficient from state_points p where p.state = ${one} and not exists
    (select 1 from state_points o where o.state = ${other} and o.coefficient = p.coefficient)`;
}

/** Whether hosts have told all of these sets. */
async function areKnown(db: Db, states: readonly string[]): Promise<boolean> {
  const rows = await db
    .selectFrom("states")
    .select("state")
    .where("state", "in", [...states])
    .where(
      sql<boolean>`points <= (select count(*) from state_points p where p.state = states.state)`,
    )
    .execute();
  return rows.length === new Set(states).size;
}

function violatedBy(db: Db, { state, name, model }: StateGroup): Promise<readonly BehaviourRow[]> {
  const from = sql`select distinct v.coefficient from workloads w join violations v on v.host = w.host and v.run = w.run
    where w.gone = 0 and w.violations > 0 and w.state = ${state} and w.name = ${name} and w.model = ${model} and v.coefficient <> ''`;
  return said(db, from, { offset: 0, limit: MAX_DIFFERENCE });
}
