// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  decide,
  ordered,
  type RolloutPlace,
  type RolloutTerms,
  type RolloutVerb,
  type StepFacts,
} from "./machine.ts";
import { orderOfHosts, sharesFault, stepsOf } from "./steps.ts";

const terms: RolloutTerms = { watchMs: 1_000, answerMs: 500, maxFailed: 0, maxViolations: 0 };
const place: RolloutPlace = { state: "running", step: 0, steps: 3, phase: "answers", since: 0 };
const facts: StepFacts = { done: 0, failed: 0, waiting: 0, violations: 0 };
const next = (p: Partial<RolloutPlace>, f: Partial<StepFacts>, now: number, t = terms): string =>
  decide({ ...place, ...p }, t, { ...facts, ...f }, now).next;

describe("a roll-out", () => {
  it("waits for the hosts of its step, watches them, and goes on", () => {
    assert.equal(next({}, { done: 1, waiting: 2 }, 100), "nothing");
    assert.equal(next({}, { done: 3 }, 100), "watch");
    assert.equal(next({ phase: "watching", since: 100 }, { done: 3 }, 1_099), "nothing");
    assert.equal(next({ phase: "watching", since: 100 }, { done: 3 }, 1_100), "step");
    assert.equal(next({ phase: "watching", since: 100, step: 2 }, { done: 3 }, 1_100), "finish");
  });

  it("goes back at the first new violation, in each phase, and when it is paused", () => {
    for (const phase of ["answers", "watching"] as const) {
      assert.equal(next({ phase }, { done: 1, violations: 1 }, 10), "roll back");
      assert.equal(next({ phase, state: "paused" }, { violations: 1 }, 10), "roll back");
    }
    const borne = { ...terms, maxViolations: 1 };
    assert.equal(next({ phase: "watching" }, { done: 1, violations: 1 }, 10, borne), "nothing");
    assert.equal(next({ phase: "watching" }, { done: 1, violations: 2 }, 10, borne), "roll back");
  });

  it("goes back when hosts fail, do not answer, or none has carried it out", () => {
    assert.equal(next({}, { done: 1, failed: 1, waiting: 1 }, 10), "roll back");
    assert.equal(next({}, { done: 1, waiting: 1 }, 499), "nothing");
    assert.equal(next({}, { done: 1, waiting: 1 }, 500), "roll back");
    assert.equal(next({}, {}, 499), "nothing");
    assert.equal(next({}, {}, 500), "roll back");
    const borne = { ...terms, maxFailed: 1 };
    assert.equal(next({}, { done: 1, waiting: 1 }, 500, borne), "watch");
    assert.equal(next({}, { failed: 1 }, 500, borne), "roll back");
    const late = decide(place, terms, { ...facts, waiting: 2 }, 500);
    assert.deepEqual(late, {
      next: "roll back",
      reason: "2 hosts of the step did not answer in time",
    });
  });

  it("is rolled back when all have answered, and says where it could not be", () => {
    const back = { state: "rolling-back" } as const;
    assert.equal(next(back, { done: 2, waiting: 1, violations: 9 }, 499), "nothing");
    assert.deepEqual(decide({ ...place, ...back }, terms, { ...facts, done: 3 }, 10), {
      next: "end",
    });
    assert.deepEqual(
      decide({ ...place, ...back }, terms, { ...facts, failed: 1, waiting: 1 }, 500),
      { next: "end", reason: "2 hosts could not be rolled back" },
    );
  });

  it("does nothing when it has ended or is paused", () => {
    for (const state of ["done", "stopped", "rolled-back", "paused"] as const) {
      assert.equal(next({ state, phase: "watching" }, { done: 1 }, 1e9), "nothing");
    }
  });

  it("never goes on while more went wrong than is borne", () => {
    const number = fc.nat(5);
    fc.assert(
      fc.property(
        fc.record({ done: number, failed: number, waiting: number, violations: number }),
        fc.constantFrom("answers" as const, "watching" as const),
        fc.nat(3_000),
        (known, phase, now) => {
          const { next: what } = decide({ ...place, phase }, terms, known, now);
          const wrong = known.violations > 0 || known.failed > 0;
          if (wrong) assert.equal(what, "roll back");
          if (what === "watch") assert.ok(known.done > 0);
        },
      ),
    );
  });

  for (const [verb, state, to] of [
    ["pause", "running", "paused"],
    ["resume", "paused", "running"],
    ["rollback", "running", "rolling-back"],
    ["rollback", "paused", "rolling-back"],
    ["rollback", "done", "rolling-back"],
    ["pause", "done", undefined],
    ["resume", "running", undefined],
    ["rollback", "rolled-back", undefined],
    ["rollback", "rolling-back", undefined],
  ] as const) {
    it(`that is ${state} ${to === undefined ? "refuses" : "takes"} ${verb}`, () => {
      const order = (): unknown => ordered("x", state, verb satisfies RolloutVerb);
      if (to === undefined) assert.throws(order, { code: "CONFLICT" });
      else assert.equal(order(), to);
    });
  }
});

describe("the steps of a roll-out", () => {
  it("reach each host once, one at least first", () => {
    assert.deepEqual(stepsOf([1, 10, 100], 6_000), [
      { share: 1, from: 0, to: 60 },
      { share: 10, from: 60, to: 600 },
      { share: 100, from: 600, to: 6_000 },
    ]);
    assert.deepEqual(stepsOf([1, 10, 100], 3), [
      { share: 1, from: 0, to: 1 },
      { share: 100, from: 1, to: 3 },
    ]);
    assert.deepEqual(stepsOf([1, 10, 100], 1), [{ share: 1, from: 0, to: 1 }]);
    assert.deepEqual(stepsOf([50, 100], 0), []);
  });

  it("have an order that differs from roll-out to roll-out and not from server to server", () => {
    const hosts = Array.from({ length: 50 }, (_, i) => `host-${i}`);
    const first = orderOfHosts("a", hosts);
    assert.deepEqual(orderOfHosts("a", [...hosts].reverse()), first);
    assert.notDeepEqual(orderOfHosts("b", hosts), first);
    assert.deepEqual([...first].sort(), [...hosts].sort());
    assert.deepEqual(orderOfHosts("a", ["x", "x"]), ["x"]);
  });

  for (const [shares, why] of [
    [[], /steps/],
    [[0, 100], /above 0/],
    [[Number.NaN, 100], /above 0/],
    [[10, 10, 100], /ascending/],
    [[1, 10], /last/],
    [[1, 101], /up to 100/],
  ] as const) {
    it(`are not ${JSON.stringify(shares)}`, () => {
      assert.match(sharesFault(shares) ?? "", why);
    });
  }

  it("may be few", () => {
    assert.equal(sharesFault([100]), undefined);
    assert.equal(sharesFault([0.5, 100]), undefined);
  });
});
