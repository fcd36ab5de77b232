// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LATENCY_BOUNDS_NS, OTHER, type Reading, Sums } from "./sums.ts";

function reading(name: string, changes: Partial<Reading> = {}): Reading {
  return {
    ...{ name, mode: "enforce", sensor: "seccomp", events: 3, extended: 2, violations: 0 },
    ...{ refused: 0, lost: 0, hooks: new Map([["file_open", 3]]), histogram: [], latencySumUs: 0 },
    ...changes,
  };
}

describe("sums of metrics", () => {
  it("count violations by name, as far as there is room for names, and lose none", () => {
    const sums = new Sums();
    for (let at = 0; at < 700; at++) sums.add(reading(`w${at}`, { violations: 2 }));
    sums.add(reading("w0", { violations: 1 }));
    sums.watch("late");
    assert.equal(sums.violations.size, 501);
    assert.equal(sums.violations.get("w0"), 3);
    assert.equal(sums.violations.get(OTHER), 400);
    assert.equal(sums.violations.get("late"), undefined);
  });

  it("tell of a workload that has violated nothing yet, and keep what others have", () => {
    const sums = new Sums();
    sums.add(reading("calm"));
    sums.add(reading("wild", { violations: 2 }));
    for (const name of ["calm", "wild"]) sums.watch(name);
    assert.deepEqual([...sums.violations].sort(), [
      ["calm", 0],
      ["wild", 2],
    ]);
  });

  it("count what was strange, and the workloads that had drifted, once each", () => {
    const past = new Sums();
    past.add(reading("web", { anomalies: 3, drifting: true }));
    past.add(reading("db", { anomalies: 1 }));
    const sums = new Sums();
    sums.merge(past);
    sums.add(reading("running"));
    assert.equal(sums.anomalies.get("seccomp"), 4);
    assert.equal(sums.drifting.get("seccomp"), 1);
  });

  it("put decisions into all buckets that hold them, also when sums are added up", () => {
    const histogram = [
      [10, 4],
      [3_000, 1],
      [60_000_000, 2],
    ] as const;
    const part = new Sums();
    part.add(reading("web", { histogram, latencySumUs: 500 }));
    const sums = new Sums();
    sums.merge(part);
    sums.add(reading("web", { histogram, latencySumUs: 500 }));
    const { counts, count, sumNs } = sums.latency.get("seccomp") ?? assert.fail();
    assert.equal(count, 14);
    assert.equal(sumNs, 1_000_000);
    const upTo = (us: number): number | undefined =>
      counts[LATENCY_BOUNDS_NS.findIndex((bound) => bound >= us * 1_000)];
    assert.deepEqual([upTo(1), upTo(10), upTo(3_000), counts.at(-1)], [0, 8, 10, 10]);
    assert.equal(sums.events.get("seccomp"), 6);
    assert.equal(sums.hooks.get("file_open"), 6);
  });
});
