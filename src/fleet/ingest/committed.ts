// SPDX-License-Identifier: Apache-2.0
// Answers hosts that ask which of their parcels are in the database.
import { MAX_RANGES, readCommittedAsk } from "../../wire/link/index.ts";
import type { Committed } from "../../wire/link/index.ts";
import type { FleetStore } from "../store/index.ts";
import type { SpoolKey } from "./batch.ts";
import { committedRanges, NOTHING_YET } from "./progress.ts";
import type { Progress } from "./progress.ts";

export async function progressOf(
  { db }: Pick<FleetStore, "db">,
  { host, epoch }: SpoolKey,
): Promise<Progress> {
  const spool = await db
    .selectFrom("spools")
    .select("upto")
    .where("host", "=", host)
    .where("epoch", "=", epoch)
    .executeTakeFirst();
  if (spool === undefined) return NOTHING_YET;
  const above = await db
    .selectFrom("parcels")
    .select("seq")
    .where("host", "=", host)
    .where("epoch", "=", epoch)
    .execute();
  return { upto: spool.upto, above: new Set(above.map(({ seq }) => seq)) };
}

/** @throws LinkError */
export async function answerCommitted(
  store: Pick<FleetStore, "db">,
  host: string,
  body: Uint8Array,
): Promise<Committed> {
  const { epoch } = readCommittedAsk(body);
  const progress = await progressOf(store, { host, epoch });
  return { v: 1, epoch, ranges: committedRanges(progress).slice(0, MAX_RANGES) };
}
