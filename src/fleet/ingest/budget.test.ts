// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HostBudgets } from "./budget.ts";
import { HOST_BURST_BYTES, HOST_BYTES_PER_S, PARCEL_COST_BYTES } from "./limits.ts";

describe("what a host may have stored", () => {
  it("is much at once and little in the long run, and nobody else's", () => {
    let clock = 0;
    const budgets = new HostBudgets(() => clock);
    const all = HOST_BURST_BYTES - PARCEL_COST_BYTES;
    assert.ok(budgets.take("a", all));
    assert.ok(!budgets.take("a", 1));
    assert.ok(budgets.take("b", all));
    clock = 1_000;
    assert.ok(!budgets.take("a", HOST_BYTES_PER_S));
    assert.ok(budgets.take("a", HOST_BYTES_PER_S - PARCEL_COST_BYTES));
    assert.ok(!budgets.take("a", 0));
    clock += (HOST_BURST_BYTES / HOST_BYTES_PER_S) * 2_000;
    assert.ok(budgets.take("a", all), "never more than all of it");
    assert.ok(!budgets.take("a", 1));
  });

  it("counts parcels without anything in them too", () => {
    const budgets = new HostBudgets(() => 0);
    let taken = 0;
    while (budgets.take("a", 0)) taken += 1;
    assert.equal(taken, Math.floor(HOST_BURST_BYTES / PARCEL_COST_BYTES));
  });
});
