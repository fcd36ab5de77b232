// SPDX-License-Identifier: Apache-2.0
// What hosts had before a roll-out reached them, and so what they get back when it is taken back.
import type { WorkloadSelector } from "../../wire/link/index.ts";
import { pieces } from "../store/index.ts";
import type { RolloutDb, RolloutHostRecord, RolloutRecord } from "./tables.ts";

/** Status of a command that a host has not carried out, and never will. */
const NOT_DONE: ReadonlySet<string> = new Set(["failed", "refused", "expired"]);
/** Hosts of one command that names runs. */
const MAX_MIXED = 50;

/** By host: the digest that workloads of the name are to run under by what it was told last, without what it could not do. null: its own. */
export async function modelsBefore(
  tx: RolloutDb,
  name: string,
  hosts: readonly string[],
): Promise<ReadonlyMap<string, string | null>> {
  const before = new Map<string, string | null>();
  const unsure = new Set<string>();
  for (const some of pieces(hosts, 1)) {
    const rows = await tx
      .selectFrom("host_models as m")
      .leftJoin("command_hosts as c", (join) =>
        join.onRef("c.command", "=", "m.command").onRef("c.host", "=", "m.host"),
      )
      .select(["m.host", "m.digest", "c.status"])
      .where("m.name", "=", name)
      .where("m.host", "in", [...some])
      .execute();
    for (const { host, digest, status } of rows) {
      if (NOT_DONE.has(status ?? "")) unsure.add(host);
      else before.set(host, digest);
    }
  }
  if (unsure.size > 0) await addFromOrders(tx, { name, before, unsure });
  return before;
}

interface Search {
  readonly name: string;
  readonly before: Map<string, string | null>;
  readonly unsure: Set<string>;
}

/** The last order that a host did carry out, or still may. */
async function addFromOrders(tx: RolloutDb, { name, before, unsure }: Search): Promise<void> {
  const orders = await tx
    .selectFrom("commands")
    .select(["id", "args"])
    .where("kind", "=", "model")
    .orderBy("issued", "desc")
    .orderBy("id")
    .execute();
  for (const { id, args } of orders) {
    const order = JSON.parse(args) as { readonly name?: string; readonly digest?: string | null };
    if (order.name !== name || unsure.size === 0) continue;
    for (const some of pieces([...unsure], 1)) {
      const rows = await tx
        .selectFrom("command_hosts")
        .select("host")
        .where("command", "=", id)
        .where("host", "in", [...some])
        .where("status", "not in", [...NOT_DONE])
        .execute();
      for (const { host } of rows) {
        before.set(host, order.digest ?? null);
        unsure.delete(host);
      }
    }
  }
}

/** By host: the mode, when all workloads of the name were in it already; JSON of the runs that were not, when some were; else nothing. */
export async function modesBefore(
  tx: RolloutDb,
  { name, mode }: Pick<RolloutRecord, "name" | "mode">,
  hosts: readonly string[],
): Promise<ReadonlyMap<string, string | null>> {
  const before = new Map<string, string | null>();
  for (const some of pieces(hosts, 1)) {
    const rows = await tx
      .selectFrom("workloads")
      .select(["host", "run", "mode"])
      .where("name", "=", name)
      .where("gone", "=", 0)
      .where("host", "in", [...some])
      .orderBy("run")
      .execute();
    for (const host of new Set(rows.map((row) => row.host))) {
      const own = rows.filter((row) => row.host === host);
      const others = own.filter((row) => row.mode !== mode).map(({ run }) => run);
      if (others.length === 0) before.set(host, mode);
      else if (others.length < own.length) before.set(host, JSON.stringify(others));
    }
  }
  return before;
}

/** One command of those that take a roll-out back. */
export interface BackOrder {
  readonly hosts: readonly string[];
  readonly what:
    | { readonly digest: string | null }
    | { readonly mode: string; readonly select: WorkloadSelector };
}

/** What gives all hosts that were reached what they had. Hosts in the mode already get nothing. */
export function backOrders(
  { name, mode }: Pick<RolloutRecord, "name" | "mode">,
  reached: readonly Pick<RolloutHostRecord, "host" | "previous">[],
): readonly BackOrder[] {
  const groups = [...grouped(reached, ({ previous }) => previous)];
  if (mode === null) return groups.map(([digest, hosts]) => ({ hosts, what: { digest } }));
  const other = mode === "enforce" ? "detect" : "enforce";
  const orders: BackOrder[] = [];
  const mixed: (readonly [string, readonly string[]])[] = [];
  for (const [previous, hosts] of groups) {
    if (previous === null) {
      orders.push({ hosts, what: { mode: other, select: { names: [name] } } });
    } else if (previous !== mode) {
      const runs = JSON.parse(previous) as readonly string[];
      for (const host of hosts) mixed.push([host, runs]);
    }
  }
  for (let at = 0; at < mixed.length; at += MAX_MIXED) {
    const some = mixed.slice(at, at + MAX_MIXED);
    const workloads = [...new Set(some.flatMap(([, runs]) => runs))];
    const select = { workloads, names: [name] };
    orders.push({ hosts: some.map(([host]) => host), what: { mode: other, select } });
  }
  return orders;
}

/** Ids of hosts by what `keyOf` says of them. */
export function grouped<Host extends { readonly host: string }, Key>(
  hosts: readonly Host[],
  keyOf: (host: Host) => Key,
): ReadonlyMap<Key, readonly string[]> {
  const groups = new Map<Key, string[]>();
  for (const one of hosts) {
    const key = keyOf(one);
    const known = groups.get(key);
    if (known === undefined) groups.set(key, [one.host]);
    else known.push(one.host);
  }
  return groups;
}
