// SPDX-License-Identifier: Apache-2.0
// Commands as the API shows them.
import type {
  CommandHosts,
  CommandResultRow,
  CommandRow,
  HostStatus,
  Rows,
} from "../../wire/api/index.ts";
import type { CommandKind, CommandTarget } from "../../wire/link/index.ts";
import { FleetError } from "../errors.ts";
import type { PageAsked } from "../server/page-of.ts";
import { holds } from "../store/index.ts";
import { sql } from "kysely";
import type { CommandDb, CommandRecord } from "./tables.ts";

const NONE: CommandHosts = {
  total: 0,
  done: 0,
  failed: 0,
  refused: 0,
  waiting: 0,
  expired: 0,
};

/** The newest first. */
export async function listCommands(
  db: CommandDb,
  { q, offset, limit }: PageAsked,
): Promise<Rows<CommandRow>> {
  const all = db.selectFrom("commands");
  const some =
    q === ""
      ? all
      : all.where((e) => e.or(["words", "by", "id"].map((column) => holds(column, q))));
  const { count } = await some
    .select((e) => e.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  const records = await some
    .selectAll()
    .orderBy("issued", "desc")
    .orderBy("id")
    .offset(offset)
    .limit(limit)
    .execute();
  return { rows: await rowsOf(db, records), total: Number(count), offset };
}

/** Those that are there, in any order. */
export async function commandRows(
  db: CommandDb,
  ids: readonly string[],
): Promise<readonly CommandRow[]> {
  if (ids.length === 0) return [];
  const records = await db
    .selectFrom("commands")
    .selectAll()
    .where("id", "in", [...ids])
    .execute();
  return rowsOf(db, records);
}

/** @throws FleetError NOT_FOUND */
export async function commandRow(db: CommandDb, id: string): Promise<CommandRow> {
  const [row] = await commandRows(db, [id]);
  if (row !== undefined) return row;
  throw new FleetError("NOT_FOUND", "there is no command with this id");
}

async function rowsOf(
  db: CommandDb,
  records: readonly CommandRecord[],
): Promise<readonly CommandRow[]> {
  if (records.length === 0) return [];
  const counts = await db
    .selectFrom("command_hosts")
    .select(["command", "status", (e) => e.fn.countAll<number>().as("count")])
    .where(
      "command",
      "in",
      records.map(({ id }) => id),
    )
    .groupBy(["command", "status"])
    .execute();
  const hosts = new Map<string, CommandHosts>();
  for (const { command, status, count } of counts) {
    const known = hosts.get(command) ?? NONE;
    const member = status === "progress" ? "waiting" : (status as keyof CommandHosts);
    const so = known[member] + Number(count);
    hosts.set(command, { ...known, [member]: so, total: known.total + Number(count) });
  }
  return records.map((record) => rowOf(record, hosts.get(record.id) ?? NONE));
}

function rowOf(record: CommandRecord, hosts: CommandHosts): CommandRow {
  const { id, kind, target, args, words, by, role, issued, expires, rollout } = record;
  return {
    id,
    kind: kind as CommandKind,
    target: JSON.parse(target) as CommandTarget,
    args: JSON.parse(args) as Readonly<Record<string, unknown>>,
    words,
    by,
    role,
    issued,
    expires,
    ...(rollout !== null && { rollout }),
    hosts,
  };
}

/** What became of a command on each host: first those that have not done it. */
export async function commandResults(
  db: CommandDb,
  id: string,
  { offset, limit }: PageAsked,
): Promise<Rows<CommandResultRow>> {
  const { hosts } = await commandRow(db, id);
  const rank = sql<number>`case command_hosts.status when 'failed' then 0 when 'refused' then 1
    when 'expired' then 2 when 'progress' then 3 when 'waiting' then 4 else 5 end`;
  const rows = await db
    .selectFrom("command_hosts")
    .leftJoin("hosts", "hosts.id", "command_hosts.host")
    .select(["command_hosts.host", "hosts.name", "command_hosts.status", "command_hosts.words"])
    .select(["command_hosts.at", "command_hosts.workloads"])
    .where("command_hosts.command", "=", id)
    .orderBy(rank)
    .orderBy("command_hosts.host")
    .offset(offset)
    .limit(limit)
    .execute();
  return {
    rows: rows.map(({ host, name, status, words, at, workloads }) => ({
      host,
      hostName: name ?? "",
      status: status as HostStatus,
      words,
      ...(at !== null && { at }),
      workloads: workloadsOf(workloads),
    })),
    total: hosts.total,
    offset,
  };
}

function workloadsOf(text: string): CommandResultRow["workloads"] {
  const list = JSON.parse(text) as readonly { run: string; status: string; words: string }[];
  return list.map(({ run, status, words }) => ({ id: run, status, words }));
}

/** Commands that some host has not answered yet. */
export async function pendingCommands(db: CommandDb, now: number): Promise<number> {
  const { count } = await db
    .selectFrom("commands")
    .select((e) => e.fn.countAll<number>().as("count"))
    .where("expires", ">", now)
    .where((e) =>
      e.exists(
        e
          .selectFrom("command_hosts")
          .select("command_hosts.host")
          .whereRef("command_hosts.command", "=", "commands.id")
          .where("command_hosts.status", "in", ["waiting", "progress"]),
      ),
    )
    .executeTakeFirstOrThrow();
  return Number(count);
}
