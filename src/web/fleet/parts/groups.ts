// SPDX-License-Identifier: Apache-2.0
// States gathered by what runs: a name under a model, the state that most of it has, and the outliers. Nothing here knows that it runs in a page.
import type { StateGroup } from "../api/types.ts";

/** What runs under one name and model. */
export interface FleetGroup {
  readonly key: string;
  readonly name: string;
  readonly model: string;
  readonly count: number;
  readonly violations: number;
  /** Most common first; those that are no outliers before those that are. */
  readonly states: readonly StateGroup[];
  /** Workloads in states that are outliers. */
  readonly outside: number;
}

/** Groups with outliers first, then the largest. */
export function fleetGroups(states: readonly StateGroup[]): readonly FleetGroup[] {
  const found = new Map<string, StateGroup[]>();
  for (const state of states) {
    const key = JSON.stringify([state.name, state.model]);
    const all = found.get(key) ?? [];
    all.push(state);
    found.set(key, all);
  }
  return [...found]
    .map(([key, all]) => groupOf(key, all))
    .sort((a, b) => Number(b.outside > 0) - Number(a.outside > 0) || b.count - a.count);
}

function groupOf(key: string, all: readonly StateGroup[]): FleetGroup {
  const states = all.toSorted((a, b) => Number(a.outlier) - Number(b.outlier) || b.count - a.count);
  const sum = (value: (state: StateGroup) => number): number =>
    all.reduce((total, state) => total + value(state), 0);
  return {
    key,
    name: all[0]?.name ?? "",
    model: all[0]?.model ?? "",
    count: sum(({ count }) => count),
    violations: sum(({ violations }) => violations),
    outside: sum(({ outlier, count }) => (outlier ? count : 0)),
    states,
  };
}
