// SPDX-License-Identifier: Apache-2.0
// Which states are outliers.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { censusOf } from "./census.ts";

const group = (state: string, count: number, { name = "web", model = "m" } = {}) => ({
  ...{ state, count, name, model },
  ...{ hosts: count, violations: 0, first: 0 },
});
const outliers = (...groups: ReturnType<typeof group>[]): string[] =>
  censusOf(groups)
    .groups.filter(({ outlier }) => outlier)
    .map(({ state }) => state);

describe("the census of states", () => {
  it("finds what is rare among its kind", () => {
    assert.deepEqual(outliers(group("a", 59_993), group("b", 6), group("c", 1)), ["b", "c"]);
    assert.deepEqual(outliers(group("a", 2), group("b", 1)), ["b"]);
  });

  it("calls nobody an outlier among equals, or alone", () => {
    assert.deepEqual(outliers(group("a", 1), group("b", 1), group("c", 1)), []);
    assert.deepEqual(outliers(group("a", 60), group("b", 40)), []);
    assert.deepEqual(outliers(group("a", 1)), []);
  });

  it("compares only what has the same name and model", () => {
    const other = group("z", 1, { name: "db" });
    const older = group("y", 1, { model: "older" });
    const census = censusOf([group("a", 100), other, older]);
    assert.equal(census.isOutlier(other), false);
    assert.equal(census.isOutlier(older), false);
    assert.equal(census.majority(other)?.state, "z");
    assert.equal(census.majority({ name: "web", model: "m" })?.state, "a");
    assert.equal(census.majority({ name: "none", model: "m" }), undefined);
  });
});
