// SPDX-License-Identifier: Apache-2.0
// Heartbeats: who is there, kept in memory by every server and written in batches; hosts whose workloads are not as the database has them
// are asked for their table. In good times a host costs an entry of a map and a row each half minute.
import { createHash } from "node:crypto";
import { sql, type Transaction } from "kysely";
import { quote } from "../../base/quote.ts";
import { parseUpSubject, readHeartbeat, statesDigest } from "../../wire/link/index.ts";
import type { Heartbeat, HostAsk } from "../../wire/link/index.ts";
import { pieces } from "../store/index.ts";
import type { FleetSchema, FleetStore } from "../store/index.ts";
import { wordsOf } from "./database-faults.ts";
import type { IngestContext } from "./ingest.ts";
import { ASK_AGAIN_MS, DIFFERENT_MS, MAX_CHECKS } from "./limits.ts";
import { skip } from "./progress.ts";
import { writeSteps } from "./batch.ts";
import { progressOf } from "./committed.ts";

/** What is known of a host that was heard. */
export interface Heard {
  /** our clock */
  at: number;
  beat: Heartbeat;
  /** its last heartbeat is not in the database yet */
  fresh: boolean;
  /** digest of states with which the database agreed last */
  agreed: string;
  /** when its digest began to be another one; 0: it is not */
  differsSince: number;
  askedAt: number;
}

export class Heartbeats {
  readonly heard: Map<string, Heard> = new Map();
  readonly #context: IngestContext;
  /** Heartbeats that came, and that nobody could read. */
  count = 0;
  refused = 0;

  constructor(context: IngestContext) {
    this.#context = context;
  }

  /** @param subject has the host, who alone may publish there */
  take(subject: string, data: Uint8Array): void {
    const { host } = parseUpSubject(subject) ?? {};
    try {
      if (host === undefined) return;
      this.#heard(host, readHeartbeat(data));
      this.count += 1;
    } catch (error) {
      this.refused += 1;
      this.#context.tell(
        "warning",
        `a heartbeat of ${host ?? "?"} was refused: ${quote(wordsOf(error))}`,
      );
    }
  }

  /** When it was heard here last; undefined: not since this server began. */
  seen(host: string): number | undefined {
    return this.heard.get(host)?.at;
  }

  #heard(host: string, beat: Heartbeat): void {
    const at = this.#context.now();
    const known = this.heard.get(host);
    if (known === undefined) {
      this.heard.set(host, { at, beat, fresh: true, agreed: "", differsSince: at, askedAt: 0 });
      return;
    }
    Object.assign(known, { at, beat, fresh: true });
    if (beat.states === known.agreed) known.differsSince = 0;
    else if (known.differsSince === 0) known.differsSince = at;
  }

  /** Writes the last heartbeats to the database, and forgets hosts that it does not have. */
  async write(): Promise<void> {
    const due = [...this.heard].filter(([, { fresh }]) => fresh);
    for (const [, one] of due) one.fresh = false;
    try {
      const { store } = this.#context;
      for (const some of pieces(due, ROW_WIDTH)) {
        // All servers write all of them, each in an order of its own
        await store.transaction((tx) => writeSeen(tx, some));
      }
      await this.#skipDropped(due);
    } catch (error) {
      for (const [, one] of due) one.fresh = true;
      throw error;
    }
  }

  /** Numbers that a host has dropped leave a gap that is never filled; it says so by its oldest one. */
  async #skipDropped(due: readonly (readonly [string, Heard])[]): Promise<void> {
    const { store } = this.#context;
    const gaps = await store.db
      .selectFrom("parcels")
      .select(["host", "epoch"])
      .distinct()
      .execute();
    const beats = new Map(due.map(([host, { beat }]) => [host, beat]));
    for (const { host, epoch } of gaps) {
      const spool = beats.get(host)?.spool;
      if (spool?.epoch !== epoch) continue;
      await store.transaction(async (tx) => {
        const key = { host, epoch };
        await tx
          .updateTable("spools")
          .set({ upto: sql<number>`upto` })
          .where("host", "=", host)
          .where("epoch", "=", epoch)
          .execute();
        const progress = await progressOf({ db: tx }, key);
        const step = skip(progress, spool.oldest);
        await writeSteps(tx, [{ ...key, step }]);
      });
    }
  }

  /** Holds those whose digest has been another one for a while against the database; asks them where it does not agree. */
  async check(): Promise<void> {
    const now = this.#context.now();
    const due = [...this.heard].filter(([, one]) => isDue(one, now)).slice(0, MAX_CHECKS);
    if (due.length === 0) return;
    const digests = await statesOf(
      this.#context.store,
      due.map(([host]) => host),
    );
    for (const [host, one] of due) {
      if (digests.get(host) === one.beat.states) {
        one.agreed = one.beat.states;
        one.differsSince = 0;
        continue;
      }
      one.askedAt = now;
      this.#context.bus.down(host, "ask", { v: 1, table: true } satisfies HostAsk);
    }
  }
}

const ROW_WIDTH = 8;

function isDue({ differsSince, askedAt, at }: Heard, now: number): boolean {
  if (differsSince === 0 || now - at > ASK_AGAIN_MS) return false;
  return now - differsSince > DIFFERENT_MS && now - askedAt > ASK_AGAIN_MS;
}

async function writeSeen(
  tx: Transaction<FleetSchema>,
  some: readonly (readonly [string, Heard])[],
): Promise<void> {
  const rows = some.map(
    ([host, { at, beat }]) =>
      sql`(cast(${host} as text), cast(${at} as bigint), cast(${beat.rev} as bigint), cast(${beat.states} as text), cast(${beat.workloads} as bigint), cast(${JSON.stringify(beat.spool)} as text))`,
  );
  // Both engines call the columns of values so
  await sql`update hosts set last_seen = v.column2, rev = v.column3, states = v.column4, workloads = v.column5, spool = v.column6
    from (values ${sql.join(rows)}) as v where hosts.id = v.column1 and (hosts.last_seen is null or hosts.last_seen < v.column2)`.execute(
    tx,
  );
}

/** What the heartbeat of each host would say if it were as the database has it. */
async function statesOf(
  { db }: FleetStore,
  hosts: readonly string[],
): Promise<Map<string, string>> {
  const rows = await db
    .selectFrom("workloads")
    .select(["host", "run", "state"])
    .where("host", "in", [...hosts])
    .where("gone", "=", 0)
    .execute();
  const of = new Map<string, { run: string; state: string }[]>(hosts.map((host) => [host, []]));
  for (const { host, run, state } of rows) of.get(host)?.push({ run, state });
  return new Map([...of].map(([host, workloads]) => [host, statesDigest(workloads, sha256)]));
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
