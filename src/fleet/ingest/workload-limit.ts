// SPDX-License-Identifier: Apache-2.0
// How many workloads one host may have in the database.
import type { Transaction } from "kysely";
import { MAX_WORKLOADS } from "../../wire/link/index.ts";
import type { NoticeItem, WorkloadItem } from "../../wire/link/index.ts";
import { pieces } from "../store/index.ts";
import type { FleetSchema } from "../store/index.ts";
import type { Arrived } from "./applier.ts";

/** A host that somebody has taken over shall not bury the workloads of all others: what is new beyond `MAX_WORKLOADS` is left out, and said. */
export async function withoutTooMany(
  tx: Transaction<FleetSchema>,
  items: readonly Arrived<WorkloadItem>[],
  now: number,
): Promise<readonly Arrived<WorkloadItem>[]> {
  const of = new Map<string, Arrived<WorkloadItem>[]>();
  for (const one of items) of.set(one.host, [...(of.get(one.host) ?? []), one]);
  const left = new Set<Arrived<WorkloadItem>>();
  const running = await runningOn(tx, [...of.keys()]);
  for (const [host, own] of of) {
    const room = MAX_WORKLOADS - (running.get(host) ?? 0);
    if (own.length <= room) continue;
    const known = await knownRuns(tx, host, own);
    const news = own.filter(({ item }) => !known.has(item.run));
    for (const one of news.slice(Math.max(0, room))) left.add(one);
    if (news.length > room) await noteTooMany(tx, host, now);
  }
  return items.filter((one) => !left.has(one));
}

async function runningOn(
  tx: Transaction<FleetSchema>,
  hosts: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const running = new Map<string, number>();
  for (const some of pieces(hosts, 1)) {
    const rows = await tx
      .selectFrom("workloads")
      .select(({ fn }) => ["host", fn.countAll<number>().as("count")])
      .where("host", "in", [...some])
      .where("gone", "=", 0)
      .groupBy("host")
      .execute();
    for (const { host, count } of rows) running.set(host, Number(count));
  }
  return running;
}

async function knownRuns(
  tx: Transaction<FleetSchema>,
  host: string,
  items: readonly Arrived<WorkloadItem>[],
): Promise<ReadonlySet<string>> {
  const known = new Set<string>();
  for (const some of pieces(items, 1)) {
    const runs = some.map(({ item }) => item.run);
    const rows = await tx
      .selectFrom("workloads")
      .select("run")
      .where("host", "=", host)
      .where("run", "in", runs)
      .where("gone", "=", 0)
      .execute();
    for (const { run } of rows) known.add(run);
  }
  return known;
}

/** Once for each host, until it is forgotten for its age. */
async function noteTooMany(tx: Transaction<FleetSchema>, host: string, now: number): Promise<void> {
  const words = `more than ${MAX_WORKLOADS} workloads of this host: further ones are not shown`;
  const item: NoticeItem = { kind: "notice", at: now, level: "warning", words };
  await tx
    .insertInto("notices")
    .values({
      id: `${host}.too-many-workloads`,
      ...{ host, at: now, level: item.level, words, body: JSON.stringify(item) },
    })
    .onConflict((conflict) => conflict.column("id").doNothing())
    .execute();
}
