// SPDX-License-Identifier: Apache-2.0
// Which states are outliers.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { censusOf } from "./census.ts";
import { Kept } from "./kept.ts";

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

describe("an answer that is good for a while", () => {
  it("is asked for once at a time, however long it takes, and again when it failed", async () => {
    const asked: { done(value: number): void; fail(error: Error): void }[] = [];
    const kept = new Kept<number>(
      10,
      () =>
        new Promise((done, fail) => {
          asked.push({ done, fail });
        }),
    );
    const first = kept.at(0);
    const second = kept.at(1_000);
    assert.equal(asked.length, 1);
    asked[0]?.done(7);
    assert.deepEqual(await Promise.all([first, second]), [7, 7]);
    const failing = kept.at(2_000);
    asked[1]?.fail(new Error("away"));
    await assert.rejects(failing, /away/);
    const last = kept.at(2_001);
    assert.equal(asked.length, 3);
    asked[2]?.done(8);
    assert.equal(await last, 8);
  });
});
