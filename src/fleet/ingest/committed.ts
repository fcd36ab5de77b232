// SPDX-License-Identifier: Apache-2.0
// Answers hosts that ask which of their parcels are in the database.
import { sql } from "kysely";
import { MAX_RANGES, readCommittedAsk } from "../../wire/link/index.ts";
import type { Committed } from "../../wire/link/index.ts";
import { gathered, valuesOf } from "../store/index.ts";
import type { FleetStore } from "../store/index.ts";
import type { SpoolKey } from "./batch.ts";
import { committedRanges, NOTHING_YET } from "./progress.ts";
import type { Progress } from "./progress.ts";

/** How far each of these spools is, in their order. */
export async function progressOfAll(
  { db }: Pick<FleetStore, "db">,
  keys: readonly SpoolKey[],
): Promise<readonly Progress[]> {
  const wanted = valuesOf(keys.map(({ host, epoch }) => [host, epoch]));
  const among = sql<boolean>`(host, epoch) in ${wanted}`;
  const spools = await db.selectFrom("spools").selectAll().where(among).execute();
  const rows = await db.selectFrom("parcels").selectAll().where(among).execute();
  const upto = new Map(spools.map((row) => [nameOf(row), row.upto]));
  const above = new Map<string, Set<number>>();
  for (const row of rows)
    above.set(nameOf(row), (above.get(nameOf(row)) ?? new Set()).add(row.seq));
  return keys.map((key) => {
    const name = nameOf(key);
    return { upto: upto.get(name) ?? 0, above: above.get(name) ?? new Set() };
  });
}

const nameOf = ({ host, epoch }: SpoolKey): string => `${host} ${epoch}`;

export async function progressOf(store: Pick<FleetStore, "db">, key: SpoolKey): Promise<Progress> {
  const [progress = NOTHING_YET] = await progressOfAll(store, [key]);
  return progress;
}

/** @returns answers one host @throws LinkError */
export function committedAnswers(
  store: Pick<FleetStore, "db">,
): (host: string, body: Uint8Array) => Promise<Committed> {
  const progress = gathered((keys: readonly SpoolKey[]) => progressOfAll(store, keys));
  return async (host, body) => {
    const { epoch } = readCommittedAsk(body);
    const ranges = committedRanges(await progress({ host, epoch })).slice(0, MAX_RANGES);
    return { v: 1, epoch, ranges };
  };
}
