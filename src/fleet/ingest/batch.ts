// SPDX-License-Identifier: Apache-2.0
// A batch of parcels into the database, each exactly once: what they say and that they are there is one transaction.
import { sql } from "kysely";
import type { Transaction } from "kysely";
import type { Item, Parcel } from "../../wire/link/index.ts";
import { pieces, valuesOf } from "../store/index.ts";
import type { FleetSchema, FleetStore } from "../store/index.ts";
import { ofKind, toldBy } from "./applier.ts";
import type { Arrived, ItemApplier } from "./applier.ts";
import { advance } from "./progress.ts";
import type { Advance, Progress } from "./progress.ts";

const SPOOL_WIDTH = 3;

export interface SpoolKey {
  readonly host: string;
  readonly epoch: string;
}

/** A spool of which parcels were in the batch, and how far it is now. */
export interface SpoolNow extends SpoolKey {
  readonly progress: Progress;
}

export interface Stored {
  readonly spools: readonly SpoolNow[];
  /** Items that were not there before. */
  readonly items: readonly Arrived[];
  /** Hosts that are not enrolled, or not any more: nothing of theirs was stored. */
  readonly refused: ReadonlySet<string>;
  readonly duplicates: number;
  /** Spools of which too many parcels are there already that have a gap before them. */
  readonly crowded: readonly SpoolKey[];
}

/**
 * @param parcels of any hosts, in any order, also several times
 * @param now ms since 1970
 */
export function storeParcels(
  store: FleetStore,
  appliers: readonly ItemApplier[],
  parcels: readonly Parcel[],
  now: number,
): Promise<Stored> {
  return storeWith(store, parcels, async (tx, items) => {
    for (const applier of appliers) {
      const own = ofKind(items, applier.kind);
      if (own.length > 0) await applier.apply(tx, own, now);
    }
  });
}

/** As `storeParcels`; `write` has the items that were not there. */
export function storeWith(
  store: FleetStore,
  parcels: readonly Parcel[],
  write: (tx: Transaction<FleetSchema>, items: readonly Arrived[]) => Promise<void>,
): Promise<Stored> {
  return store.transaction(async (tx) => {
    const enrolled = await enrolledOf(tx, parcels);
    const refused = new Set(parcels.map(({ host }) => host).filter((host) => !enrolled.has(host)));
    const welcome = parcels.filter(({ host }) => enrolled.has(host));
    const spools = await lockSpools(tx, bySpool(welcome));
    await writeSteps(tx, spools);
    const items = spools.flatMap(freshItems);
    if (items.length > 0) await write(tx, items);
    const fresh = spools.reduce((sum, { step }) => sum + step.fresh.length, 0);
    const crowded = spools.filter(({ step }) => step.far.length > 0);
    const after = spools.map(({ host, epoch, step }) => ({ host, epoch, progress: step.after }));
    return { spools: after, items, refused, duplicates: welcome.length - fresh, crowded };
  });
}

/** Parcels of one spool by their number. */
interface OwnParcels extends SpoolKey {
  readonly parcels: ReadonlyMap<number, Parcel>;
}

interface SpoolStep extends OwnParcels {
  readonly step: Advance;
}

/** All servers lock in the same order, so none waits for ever. */
function bySpool(parcels: readonly Parcel[]): readonly OwnParcels[] {
  const spools = new Map<string, SpoolKey & { parcels: Map<number, Parcel> }>();
  for (const parcel of parcels) {
    const { host, epoch, seq } = parcel;
    const key = `${host} ${epoch}`;
    const own = spools.get(key) ?? { host, epoch, parcels: new Map() };
    own.parcels.set(seq, parcel);
    spools.set(key, own);
  }
  return [...spools].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, own]) => own);
}

function freshItems({ parcels, step }: SpoolStep): Arrived[] {
  return step.fresh.flatMap((seq) => {
    const parcel = parcels.get(seq);
    return parcel === undefined ? [] : itemsOf(parcel);
  });
}

function itemsOf({ host, epoch, seq, items }: Parcel): Arrived[] {
  const told = toldBy(epoch, seq);
  return items.map((item: Item, index) => ({ host, epoch, seq, index, told, item }));
}

async function enrolledOf(
  tx: Transaction<FleetSchema>,
  parcels: readonly Parcel[],
): Promise<ReadonlySet<string>> {
  const hosts = [...new Set(parcels.map(({ host }) => host))];
  const enrolled = new Set<string>();
  for (const some of pieces(hosts, 1)) {
    const rows = await tx
      .selectFrom("hosts")
      .select("id")
      .where("id", "in", [...some])
      .where("revoked_at", "is", null)
      .execute();
    for (const { id } of rows) enrolled.add(id);
  }
  return enrolled;
}

/** Until the end of the transaction no other server takes parcels of these spools. */
async function lockSpools(
  tx: Transaction<FleetSchema>,
  spools: readonly OwnParcels[],
): Promise<readonly SpoolStep[]> {
  const steps: SpoolStep[] = [];
  for (const some of pieces(spools, SPOOL_WIDTH)) {
    const rows = await tx
      .insertInto("spools")
      .values(some.map(({ host, epoch }) => ({ host, epoch, upto: 0 })))
      .onConflict((conflict) =>
        conflict.columns(["host", "epoch"]).doUpdateSet({ upto: sql<number>`spools.upto` }),
      )
      .returning(["host", "epoch", "upto"])
      .execute();
    const upto = new Map(rows.map((row) => [`${row.host} ${row.epoch}`, row.upto]));
    const above = await aboveOf(tx, some);
    for (const own of some) {
      const key = `${own.host} ${own.epoch}`;
      const progress = { upto: upto.get(key) ?? 0, above: above.get(key) ?? new Set<number>() };
      steps.push({ ...own, step: advance(progress, [...own.parcels.keys()]) });
    }
  }
  return steps;
}

async function aboveOf(
  tx: Transaction<FleetSchema>,
  keys: readonly SpoolKey[],
): Promise<Map<string, Set<number>>> {
  const above = new Map<string, Set<number>>();
  const rows = await tx
    .selectFrom("parcels")
    .selectAll()
    .where(sql<boolean>`(host, epoch) in ${valuesOf(keys.map((key) => [key.host, key.epoch]))}`)
    .execute();
  for (const { host, epoch, seq } of rows) {
    const key = `${host} ${epoch}`;
    above.set(key, (above.get(key) ?? new Set()).add(seq));
  }
  return above;
}

/** Writes what steps change, few statements for all of them. */
export async function writeSteps(
  tx: Transaction<FleetSchema>,
  steps: readonly (SpoolKey & { readonly step: Advance })[],
): Promise<void> {
  for (const some of pieces(steps, SPOOL_WIDTH)) {
    await tx
      .insertInto("spools")
      .values(some.map(({ host, epoch, step }) => ({ host, epoch, upto: step.after.upto })))
      .onConflict((conflict) =>
        conflict
          .columns(["host", "epoch"])
          .doUpdateSet((eb) => ({ upto: eb.ref("excluded.upto") }))
          .whereRef("spools.upto", "<", "excluded.upto" as never),
      )
      .execute();
  }
  const added = steps.flatMap(({ host, epoch, step }) =>
    step.added.map((seq) => ({ host, epoch, seq })),
  );
  for (const some of pieces(added, SPOOL_WIDTH)) {
    await tx
      .insertInto("parcels")
      .values([...some])
      .execute();
  }
  for (const { host, epoch, step } of steps) {
    if (step.absorbed.length === 0) continue;
    await tx
      .deleteFrom("parcels")
      .where("host", "=", host)
      .where("epoch", "=", epoch)
      .where("seq", "<=", step.after.upto)
      .execute();
  }
}
