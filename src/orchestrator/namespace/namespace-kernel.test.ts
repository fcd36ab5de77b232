// SPDX-License-Identifier: Apache-2.0
// What a namespace makes of events that programs in the kernel decided by themselves.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { open, newBench, recordsOf } from "../../../test/helpers/namespace-bench.ts";

describe("events that the kernel decided by itself", () => {
  const enforced = { mode: "enforce", onViolation: "deny" } as const;

  it("are modeled in a free namespace, and count when they come again", () => {
    const { namespace, agent, trajectory } = newBench({ mode: "free", onViolation: "deny" });
    const { action, point } = namespace.happened(open(namespace.root, "/a"), {
      refused: false,
      untrusted: false,
    });
    assert.equal(action, "allow");
    assert.ok(point !== undefined);
    namespace.repeated(point, 41);
    namespace.finish();
    assert.deepEqual(agent.points(), [{ coefficient: point, count: 42, valid: true }]);
    assert.equal(namespace.summary().events, 42);
    assert.equal(recordsOf(trajectory).length, 1);
  });

  it("are violations that were denied when they were refused outside the model, each once", () => {
    const { namespace, reports, kills } = newBench(enforced);
    for (const untrusted of [false, true]) {
      const decision = namespace.happened(open(namespace.root, "/b"), { refused: true, untrusted });
      assert.equal(decision.action, "deny");
      assert.equal(decision.point, undefined);
    }
    namespace.finish();
    assert.equal(reports.length, 1);
    assert.equal(reports[0]?.decision, "denied");
    assert.equal(reports[0]?.heldUs, undefined);
    assert.deepEqual(kills, []);
    const { violations, refused } = namespace.summary();
    assert.deepEqual({ violations, refused }, { violations: 1, refused: 1 });
  });

  it("kill the workload where that is the policy", () => {
    const { namespace, kills } = newBench({ mode: "enforce", onViolation: "kill" });
    const how = { refused: true, untrusted: false };
    assert.equal(namespace.happened(open(namespace.root, "/b"), how).action, "kill");
    assert.equal(kills.length, 1);
  });

  it("are said to have been refused wrongly when they are in the model", () => {
    const { namespace, reports } = newBench(enforced);
    const how = { refused: true, untrusted: false };
    for (let time = 0; time < 2; time++) {
      const { action, point } = namespace.happened(open(namespace.root, "/allowed"), how);
      assert.equal(action, "allow");
      assert.ok(point !== undefined);
    }
    namespace.finish();
    assert.equal(reports.length, 1);
    assert.match(reports[0]?.reason ?? "", /in the model, but refused by the kernel/);
  });
});
