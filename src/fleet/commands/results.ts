// SPDX-License-Identifier: Apache-2.0
// What hosts tell of commands, and what they ask for that they may have missed.
import { quote } from "../../base/quote.ts";
import {
  type CommandsAnswer,
  MAX_COMMANDS,
  readCommandsAsk,
  type ResultItem,
} from "../../wire/link/index.ts";
import { sql } from "kysely";
import { dbText, gathered, pieces, valuesOf } from "../store/index.ts";
import { ANSWER_CHARS } from "./limits.ts";
import type { CommandDb } from "./tables.ts";

/** A result and whose it is. */
export interface HostResult {
  readonly host: string;
  readonly item: ResultItem;
}

/** What a host may still say something else about: a late answer is better than none. */
const OPEN: readonly string[] = ["waiting", "progress", "expired"];
const ROW_WIDTH = 5;

/** Each result once, in the transaction of its parcel. The last word of a host stands. All hosts of a fleet may answer at the same moment. */
export async function applyResults(
  tx: CommandDb,
  results: readonly HostResult[],
  now: number,
): Promise<void> {
  for (const some of pieces(lastWords(results), ROW_WIDTH)) {
    const known = await writeAnswers(tx, some, now);
    const others = some.filter((one) => !known.has(keyOf(one.host, one.item.command)));
    if (others.length > 0) await addStrangers(tx, others, now);
  }
}

/** One for each command and host: a word that is the last, or else the newest. */
function lastWords(results: readonly HostResult[]): readonly HostResult[] {
  const last = new Map<string, HostResult>();
  for (const one of results) {
    const key = keyOf(one.host, one.item.command);
    const before = last.get(key);
    if (before === undefined || OPEN.includes(before.item.status)) last.set(key, one);
  }
  return [...last.values()];
}

const keyOf = (host: string, command: string): string => `${command} ${host}`;

/** @returns keys of those that were waited for */
async function writeAnswers(
  tx: CommandDb,
  results: readonly HostResult[],
  now: number,
): Promise<ReadonlySet<string>> {
  const values = valuesOf(
    results.map(({ host, item: { command, status, words, workloads } }) => {
      return [command, host, status, dbText(words), JSON.stringify(workloads ?? [])];
    }),
  );
  // Both engines call the columns of values so. The status is hidden from indexes: they have all hosts that are waited for, the key has one.
  const { rows } = await sql<{ command: string; host: string }>`update command_hosts
    set status = v.column3, words = v.column4, workloads = v.column5, at = ${now}
    from ${values} as v
    where command_hosts.command = v.column1 and command_hosts.host = v.column2
      and command_hosts.status || '' in (${sql.join(OPEN)})
    returning command_hosts.command as command, command_hosts.host as host`.execute(tx);
  return new Set(rows.map(({ host, command }) => keyOf(host, command)));
}

/** Hosts that came after the command was issued, which was for all. Anything else is no answer to anything. */
async function addStrangers(
  tx: CommandDb,
  results: readonly HostResult[],
  now: number,
): Promise<void> {
  const asked = await tx
    .selectFrom("commands")
    .select("id")
    .where("id", "in", [...new Set(results.map(({ item }) => item.command))])
    .where("everybody", "=", 1)
    .execute();
  const commands = new Set(asked.map(({ id }) => id));
  const rows = results
    .filter(({ item }) => commands.has(item.command))
    .map(({ host, item: { command, status, words, workloads = [] } }) => {
      const told = { status, words: dbText(words), workloads: JSON.stringify(workloads), at: now };
      return { command, host, part: 0, ...told };
    });
  for (const some of pieces(rows, STRANGER_WIDTH)) {
    await tx
      .insertInto("command_hosts")
      .values([...some])
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

const STRANGER_WIDTH = 7;

/** What is in force for a host, and has no answer yet. @throws LinkError: no such question */
export async function commandsFor(
  db: CommandDb,
  host: string,
  body: Uint8Array,
  now: number,
): Promise<CommandsAnswer> {
  const { since } = readCommandsAsk(body);
  const rows = await db
    .selectFrom("command_hosts")
    .innerJoin("commands", "commands.id", "command_hosts.command")
    .innerJoin("command_envelopes", (join) =>
      join
        .onRef("command_envelopes.command", "=", "command_hosts.command")
        .onRef("command_envelopes.part", "=", "command_hosts.part"),
    )
    .select(["command_envelopes.text", "commands.issued"])
    .where("command_hosts.host", "=", host)
    .where("command_hosts.status", "in", ["waiting", "progress"])
    .where("commands.issued", ">=", since)
    .where("commands.expires", ">", now)
    .orderBy("commands.issued")
    .orderBy("commands.id")
    .limit(MAX_COMMANDS + 1)
    .execute();
  let chars = 0;
  const taken = rows.findIndex(({ text }, i) => {
    chars += text.length;
    return i >= MAX_COMMANDS || (i > 0 && chars > ANSWER_CHARS);
  });
  if (taken < 0) return { v: 1, commands: rows.map(({ text }) => text) };
  const more = rows[taken]?.issued ?? now;
  return { v: 1, commands: rows.slice(0, taken).map(({ text }) => text), more };
}

/**
 * Answers hosts that ask what they have missed. Nearly all have missed nothing, which is asked of the database for many of them at once.
 * @returns answers one host @throws LinkError: no such question
 */
export function missedCommands(
  db: CommandDb,
  now: () => number,
): (host: string, body: Uint8Array) => Promise<CommandsAnswer> {
  const missed = gathered(async (hosts: readonly string[]) => {
    const found = await db
      .selectFrom("command_hosts")
      .innerJoin("commands", "commands.id", "command_hosts.command")
      .select("command_hosts.host")
      .distinct()
      .where("command_hosts.host", "in", [...new Set(hosts)])
      .where("command_hosts.status", "in", ["waiting", "progress"])
      .where("commands.expires", ">", now())
      .execute();
    const some = new Set(found.map(({ host }) => host));
    return hosts.map((host) => some.has(host));
  });
  return async (host, body) => {
    readCommandsAsk(body);
    if (await missed(host)) return commandsFor(db, host, body, now());
    return { v: 1, commands: [] };
  };
}

/** Words of a host made harmless for a log. */
export function resultWords({ host, item }: HostResult): string {
  return `host ${host}: command ${quote(item.command, 40)} ${item.status}: ${quote(item.words, 200)}`;
}
