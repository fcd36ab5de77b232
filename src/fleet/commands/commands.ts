// SPDX-License-Identifier: Apache-2.0
// Commands: written with their signed envelopes in one transaction, then given to the bus. A server that dies in between leaves envelopes
// that others send; hosts know commands by their ids, so one that comes twice is carried out once.
import type { Signer } from "../../attest/keys/keys.ts";
import type { CommandKind, CommandRole, CommandTarget } from "../../wire/link/index.ts";
import { DOWN_ALL, parseCommandBody, signCommand } from "../../wire/link/index.ts";
import { newId } from "../auth/secrets.ts";
import type { FleetStore } from "../store/index.ts";
import { DIRECT_HOSTS, HOSTS_OF_ENVELOPE, ROWS_AT_ONCE, UNSENT_MS } from "./limits.ts";
import { type Addressees, commandWords, type Ordered } from "./orders.ts";
import type { CommandDb, CommandTables, EnvelopeRecord } from "./tables.ts";

/** Who orders. */
export interface Orderer {
  readonly name: string;
  readonly role: CommandRole;
}

/** What commands need of their server. */
export interface CommandParts {
  readonly store: FleetStore;
  readonly signer: Signer;
  /** ms since 1970 */
  now(): number;
  /** To one host. */
  down(host: string, text: string): void;
  /** To the hosts of all. */
  all(text: string): void;
}

/** Something to be sent. */
export interface Issue extends Omit<Ordered, "hosts"> {
  readonly to: Addressees;
  readonly by: Orderer;
  readonly rollout?: string;
}

export class Commands {
  readonly #parts: CommandParts;

  constructor(parts: CommandParts) {
    this.#parts = parts;
  }

  get db(): CommandDb {
    return this.#parts.store.db.withTables<CommandTables>();
  }

  /**
   * Writes and sends a command, and returns its id. When the bus does not take it, it is sent later: it is ordered.
   * @throws CommandError BAD_COMMAND, TOO_LARGE
   */
  async issue(issue: Issue): Promise<string> {
    const id = await this.#parts.store.transaction((tx) =>
      this.write(tx.withTables<CommandTables>(), issue),
    );
    await this.send(id).catch(() => undefined);
    return id;
  }

  /** Writes a command in a transaction of somebody else, who sends it when that has ended. @throws CommandError */
  async write(tx: CommandDb, issue: Issue): Promise<string> {
    const { kind, args, select, to, by, seconds, rollout } = issue;
    const id = newId();
    const issued = this.#parts.now();
    const expires = issued + seconds * 1_000;
    const target: CommandTarget = { hosts: to.everybody ? "all" : to.hosts, select };
    const parts = partsOf(to);
    const head = { v: 1, id, kind, args, issued, expires, by: by.name, role: by.role };
    const texts = parts.map((hosts) => {
      const body = { ...head, target: { hosts: to.everybody ? "all" : hosts, select } };
      return signCommand(parseCommandBody(body), this.#parts.signer);
    });
    await tx
      .insertInto("commands")
      .values({
        id,
        kind,
        target: JSON.stringify(target),
        args: JSON.stringify(args),
        words: commandWords(kind, target, args),
        by: by.name,
        role: by.role,
        issued,
        expires,
        rollout: rollout ?? null,
        everybody: to.everybody ? 1 : 0,
      })
      .execute();
    for (const [part, hosts] of parts.entries()) {
      const listed = to.everybody ? "" : JSON.stringify(hosts);
      await tx
        .insertInto("command_envelopes")
        .values({ command: id, part, text: texts[part] ?? "", hosts: listed, published: 0 })
        .execute();
      await addHosts(tx, id, part, hosts);
    }
    if (kind === "model") await noteModels(tx, id, to.hosts, args);
    return id;
  }

  /** Gives a command to the bus, all of it that is not sent yet. @throws what the bus throws; `sendUnsent` tries again */
  async send(id: string): Promise<void> {
    const envelopes = await this.db
      .selectFrom("command_envelopes")
      .selectAll()
      .where("command", "=", id)
      .where("published", "=", 0)
      .execute();
    await this.#publish(envelopes);
  }

  /** What was written and not sent, by this server or one that is gone. */
  async sendUnsent(): Promise<void> {
    const now = this.#parts.now();
    const envelopes = await this.db
      .selectFrom("command_envelopes")
      .innerJoin("commands", "commands.id", "command_envelopes.command")
      .selectAll("command_envelopes")
      .where("command_envelopes.published", "=", 0)
      .where("commands.issued", "<=", now - UNSENT_MS)
      .where("commands.expires", ">", now)
      .limit(100)
      .execute();
    await this.#publish(envelopes);
  }

  /** Hosts that have not answered in time. @returns ids of the commands that have ended so */
  async expire(): Promise<readonly string[]> {
    const now = this.#parts.now();
    const rows = await this.db
      .updateTable("command_hosts")
      .set({ status: "expired", words: "no answer before the command expired" })
      .where("status", "in", ["waiting", "progress"])
      .where((e) =>
        e.exists(
          e
            .selectFrom("commands")
            .select("commands.id")
            .whereRef("commands.id", "=", "command_hosts.command")
            .where("commands.expires", "<=", now),
        ),
      )
      .returning("command")
      .execute();
    return [...new Set(rows.map(({ command }) => command))];
  }

  async #publish(envelopes: readonly EnvelopeRecord[]): Promise<void> {
    for (const { command, part, text, hosts } of envelopes) {
      const named = hosts === "" ? undefined : (JSON.parse(hosts) as readonly string[]);
      if (named === undefined || named.length > DIRECT_HOSTS) this.#parts.all(text);
      else for (const host of named) this.#parts.down(host, text);
      await this.db
        .updateTable("command_envelopes")
        .set({ published: 1 })
        .where("command", "=", command)
        .where("part", "=", part)
        .execute();
    }
  }
}

/** Where an envelope for all is published. */
export const ALL_SUBJECT: string = DOWN_ALL.cmd;

/** Hosts of each envelope; one envelope when it is for everybody. */
function partsOf({ hosts, everybody }: Addressees): readonly (readonly string[])[] {
  if (everybody) return [hosts];
  const parts: string[][] = [];
  for (let at = 0; at < hosts.length; at += HOSTS_OF_ENVELOPE) {
    parts.push(hosts.slice(at, at + HOSTS_OF_ENVELOPE));
  }
  return parts;
}

async function addHosts(
  tx: CommandDb,
  command: string,
  part: number,
  hosts: readonly string[],
): Promise<void> {
  const rows = hosts.map((host) => ({
    command,
    host,
    part,
    status: "waiting",
    words: "",
    workloads: "[]",
    at: null,
  }));
  for (let at = 0; at < rows.length; at += ROWS_AT_ONCE) {
    await tx
      .insertInto("command_hosts")
      .values(rows.slice(at, at + ROWS_AT_ONCE))
      .execute();
  }
}

/** What these hosts are to run the workloads of a name under from now on. */
async function noteModels(
  tx: CommandDb,
  command: string,
  hosts: readonly string[],
  args: object,
): Promise<void> {
  const { name = "", digest = null } = args as { name?: string; digest?: string | null };
  for (let at = 0; at < hosts.length; at += ROWS_AT_ONCE) {
    const some = hosts.slice(at, at + ROWS_AT_ONCE);
    await tx
      .insertInto("host_models")
      .values(some.map((host) => ({ host, name, digest, command })))
      .onConflict((conflict) => conflict.columns(["host", "name"]).doUpdateSet({ digest, command }))
      .execute();
  }
}

/** Kinds that somebody with this role may order. Keys are changed by admins only. */
export function mayOrder(kind: CommandKind, role: CommandRole): boolean {
  return kind !== "key" || role === "admin";
}
