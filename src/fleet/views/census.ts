// SPDX-License-Identifier: Apache-2.0
// How many workloads are in which state: the fleet as a handful of lines. Counted by the database, at most once a second.
import { sql } from "kysely";
import type { StateGroup } from "../../wire/api/index.ts";
import type { FleetStore } from "../store/index.ts";
import { Kept } from "./kept.ts";
import { CENSUS_MS } from "./limits.ts";

export interface Census {
  /** All groups of what runs. */
  readonly groups: readonly StateGroup[];
  /** The state that is most common, by name and model. */
  majority(of: Pick<StateGroup, "name" | "model">): StateGroup | undefined;
  isOutlier(of: Pick<StateGroup, "name" | "model" | "state">): boolean;
}

type Counted = Omit<StateGroup, "outlier">;

const kindOf = ({ name, model }: Pick<StateGroup, "name" | "model">): string =>
  JSON.stringify([name, model]);

/** Says which states are outliers: at most half as common as the most common one of their kind. Nobody is one among equals. */
export function censusOf(counted: readonly Counted[]): Census {
  const most = new Map<string, Counted>();
  for (const one of counted) {
    const known = most.get(kindOf(one));
    if (known === undefined || isMoreCommon(one, known)) most.set(kindOf(one), one);
  }
  const outlies = (one: Counted): boolean => {
    const top = most.get(kindOf(one));
    return top !== undefined && top.state !== one.state && one.count * 2 <= top.count;
  };
  const groups = counted.map((one) => ({ ...one, outlier: outlies(one) }));
  const outliers = new Set(
    groups.filter(({ outlier }) => outlier).map((one) => `${kindOf(one)} ${one.state}`),
  );
  const tops = new Map(
    groups
      .filter((one) => most.get(kindOf(one))?.state === one.state)
      .map((one) => [kindOf(one), one]),
  );
  return {
    groups,
    majority: (of) => tops.get(kindOf(of)),
    isOutlier: (of) => outliers.has(`${kindOf(of)} ${of.state}`),
  };
}

/** Among equally common ones it is the first by name, so that all servers say the same. */
function isMoreCommon(one: Counted, other: Counted): boolean {
  return one.count > other.count || (one.count === other.count && one.state < other.state);
}

/** The census, counted when it is asked for and the last one is old. */
export class Censuses {
  readonly #kept: Kept<Census>;

  constructor(store: Pick<FleetStore, "db">) {
    this.#kept = new Kept(CENSUS_MS, async () => censusOf(await count(store)));
  }

  /** @param now ms */
  at(now: number): Promise<Census> {
    return this.#kept.at(now);
  }
}

async function count({ db }: Pick<FleetStore, "db">): Promise<readonly Counted[]> {
  const rows = await db
    .selectFrom("workloads")
    .select(({ fn }) => [
      "name",
      "model",
      "state",
      fn.countAll<number>().as("count"),
      fn.count<number>("host").distinct().as("hosts"),
      fn.min<number>("started").as("first"),
    ])
    .select(sql<number>`cast(sum(violations) as bigint)`.as("violations"))
    .where("gone", "=", 0)
    .groupBy(["name", "model", "state"])
    .execute();
  return rows.map((row) => ({
    ...row,
    count: Number(row.count),
    hosts: Number(row.hosts),
    violations: Number(row.violations),
    first: Number(row.first),
  }));
}
