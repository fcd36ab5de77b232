// SPDX-License-Identifier: Apache-2.0
// What hosts tell of commands, and what they ask for that they may have missed.
import { quote } from "../../base/quote.ts";
import {
  type CommandsAnswer,
  MAX_COMMANDS,
  readCommandsAsk,
  type ResultItem,
} from "../../wire/link/index.ts";
import { dbText } from "../store/index.ts";
import { ANSWER_CHARS } from "./limits.ts";
import type { CommandDb } from "./tables.ts";

/** A result and whose it is. */
export interface HostResult {
  readonly host: string;
  readonly item: ResultItem;
}

/** Each result once, in the transaction of its parcel. The last word of a host stands. */
export async function applyResults(
  tx: CommandDb,
  results: readonly HostResult[],
  now: number,
): Promise<void> {
  for (const { host, item } of results) {
    const row = {
      status: item.status,
      words: dbText(item.words),
      workloads: JSON.stringify(item.workloads ?? []),
      at: now,
    };
    const known = await tx
      .updateTable("command_hosts")
      .set(row)
      .where("command", "=", item.command)
      .where("host", "=", host)
      // a late answer is better than none
      .where("status", "in", ["waiting", "progress", "expired"])
      .returning("command")
      .executeTakeFirst();
    if (known === undefined) await addStranger(tx, host, item.command, row);
  }
}

/** A host that came after the command was issued, which was for all. Anything else is no answer to anything. */
async function addStranger(
  tx: CommandDb,
  host: string,
  command: string,
  row: { status: string; words: string; workloads: string; at: number },
): Promise<void> {
  const asked = await tx
    .selectFrom("commands")
    .select("id")
    .where("id", "=", command)
    .where("everybody", "=", 1)
    .executeTakeFirst();
  if (asked === undefined) return;
  await tx
    .insertInto("command_hosts")
    .values({ command, host, part: 0, ...row })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

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

/** Words of a host made harmless for a log. */
export function resultWords({ host, item }: HostResult): string {
  return `host ${host}: command ${quote(item.command, 40)} ${item.status}: ${quote(item.words, 200)}`;
}
