// SPDX-License-Identifier: Apache-2.0
// What each test of a workload contributed: behaviours by the test during which they were first seen.
import { MAX_TESTS } from "./completeness-limits.ts";
import type { TestSummary } from "./completeness-types.ts";
import type { MappedRun } from "../learning/learning-run.ts";

interface Seen {
  /** Tests during which the behaviour was first seen. */
  readonly tests: ReadonlySet<string>;
  /** Some run saw it first while no test was named. */
  readonly outside: boolean;
}

/** In the order of the names; those beyond `MAX_TESTS` are left out. */
export function testSummaries(runs: readonly MappedRun[]): TestSummary[] {
  const byName = new Map<string, { behaviours: number; onlyHere: number }>();
  for (const { tests, outside } of seenIn(runs).values()) {
    for (const name of tests) {
      const { behaviours, onlyHere } = byName.get(name) ?? { behaviours: 0, onlyHere: 0 };
      const only = tests.size === 1 && !outside ? 1 : 0;
      byName.set(name, { behaviours: behaviours + 1, onlyHere: onlyHere + only });
    }
  }
  return [...byName]
    .map(([name, counts]) => ({ name, ...counts }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .slice(0, MAX_TESTS);
}

function seenIn(runs: readonly MappedRun[]): ReadonlyMap<string, Seen> {
  const found = new Map<string, Seen>();
  for (const { points } of runs) {
    for (const [point, { tests }] of points) {
      const before = found.get(point);
      found.set(point, {
        tests: new Set([...(before?.tests ?? []), ...tests]),
        outside: before?.outside === true || tests.length === 0,
      });
    }
  }
  return found;
}
