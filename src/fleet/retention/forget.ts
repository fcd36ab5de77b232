// SPDX-License-Identifier: Apache-2.0
// Deletes what is older than the fleet wants to keep: violations, notices, processes of workloads that are gone, and these workloads.
// Sets of states that nothing is in go too. Behaviours stay, as models and verdicts speak of them; so does the audit log, which is another part's.
import { type Kysely, sql } from "kysely";
import type { FleetSchema, FleetStore } from "../store/index.ts";
import { MAX_ROWS_AT_ONCE, MAX_STATES_AT_ONCE, MAX_WORKLOADS_AT_ONCE } from "./limits.ts";

type Db = Kysely<FleetSchema>;

/** Deletes some. @returns how many */
type Step = (db: Db, before: number) => Promise<number>;

/** By both clocks: that of a host may say 1970. */
const violations: Step = (db, before) =>
  deleted(
    db,
    sql`delete from violations where id in
      (select id from violations where at < ${before} and received < ${before} limit ${MAX_ROWS_AT_ONCE})`,
  );

const notices: Step = (db, before) =>
  deleted(
    db,
    sql`delete from notices where id in (select id from notices where at < ${before} limit ${MAX_ROWS_AT_ONCE})`,
  );

/** What has been gone for long, a few at a time, and first what hangs on it. */
const gone: Step = async (db, before) => {
  const some = sql`(select host, run from workloads where gone = 1 and updated < ${before}
    order by host, run limit ${MAX_WORKLOADS_AT_ONCE})`;
  await deleted(db, sql`delete from processes where (host, run) in ${some}`);
  return await deleted(db, sql`delete from workloads where (host, run) in ${some}`);
};

/** Sets of states that nothing has been in for long: what learns leaves one behind with each step. They are asked for again. */
const states: Step = async (db, before) => {
  const some = sql`(select state from states s where s.at < ${before}
    and not exists (select 1 from workloads w where w.state = s.state and w.gone = 0)
    order by state limit ${MAX_STATES_AT_ONCE})`;
  await deleted(db, sql`delete from state_points where state in ${some}`);
  return await deleted(db, sql`delete from states where state in ${some}`);
};

const STEPS: readonly Step[] = [violations, notices, gone, states];

async function deleted(db: Db, statement: ReturnType<typeof sql>): Promise<number> {
  const { rows } = await sql`${statement} returning 1 as one`.execute(db);
  return rows.length;
}

/**
 * @param before ms since 1970
 * @param signal stops between two transactions
 * @returns rows that were deleted, without those that hang on others
 */
export async function forget(
  store: FleetStore,
  before: number,
  signal: AbortSignal,
): Promise<number> {
  let all = 0;
  for (const step of STEPS) {
    for (let rows = -1; rows !== 0 && !signal.aborted; all += rows) {
      rows = await store.transaction((tx) => step(tx, before));
    }
  }
  return all;
}
