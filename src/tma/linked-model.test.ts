// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createModel } from "../model/runtime/index.ts";
import { AgentError } from "./agent-errors.ts";
import { createLinkedModel } from "./linked-model.ts";
import type { ModelAgent } from "./model-agent.ts";
import { nodeHasher } from "./node-hasher.ts";
import { createPlainAgent } from "./plain-agent.ts";

const A = "aa".repeat(32);
const B = "bb".repeat(32);
const local = () => createModel({ hasher: nodeHasher("sha256") });

/** An agent with one call that does something else. */
function but(changes: Partial<ModelAgent>): ModelAgent {
  const agent = createPlainAgent();
  return new Proxy(agent, {
    get: (target, name) => {
      const value: unknown = Reflect.get(changes, name) ?? Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

describe("a model that is kept twice", () => {
  it("asks about what is new, once", () => {
    const agent = createPlainAgent();
    const model = createLinkedModel(local(), agent, "new");
    for (const _ of [1, 2, 3]) assert.equal(model.update(A).valid, true);
    assert.equal(model.counts.events, 3);
    assert.equal(agent.counts().verdicts, 1);
    model.seal();
    for (const _ of [1, 2]) assert.equal(model.update(B).valid, false);
    assert.equal(agent.counts().verdicts, 3, "what is outside is asked about each time");
  });

  it("asks each time when that is wanted", () => {
    const agent = createPlainAgent();
    const model = createLinkedModel(local(), agent, "all");
    for (const _ of [1, 2, 3]) model.update(A);
    assert.equal(agent.counts().verdicts, 3);
  });

  it("has the state of the agent, with base, aggregate and points from the start", () => {
    const agent = createPlainAgent();
    const model = createLinkedModel(local(), agent, "new");
    model.setAggregate(A);
    model.setBase(B);
    model.load(A);
    model.update(B);
    model.seal();
    assert.equal(model.state(), agent.state());
    assert.equal(model.measurement(), agent.measurement());
  });

  for (const [what, agent, act] of [
    ["a verdict", but({ update: () => ({ valid: true, added: false }) }), "update"],
    ["the state", but({ state: () => A }), "state"],
    ["the measurement", but({ measurement: () => A }), "measurement"],
    ["the base", but({ setBase: () => false }), "setBase"],
  ] as const) {
    it(`gives no verdict any more when the agent disagrees on ${what}`, () => {
      const model = createLinkedModel(local(), agent, "new");
      if (act !== "setBase") model.seal();
      assert.throws(() => (act === "update" || act === "setBase" ? model[act](A) : model[act]()), {
        code: "DISAGREES",
        message: new RegExp(`do not agree on ${what}`),
      });
      assert.throws(() => model.update(B), { code: "DISAGREES" });
    });
  }

  it("gives no verdict any more when the agent has failed once, on known behaviours neither", () => {
    let gone = false;
    const agent = but({
      update: () => {
        if (gone) throw new AgentError("GONE", "gone");
        return { valid: true, added: true };
      },
    });
    const model = createLinkedModel(local(), agent, "new");
    model.update(A);
    gone = true;
    assert.throws(() => model.update(B), { code: "GONE" });
    gone = false;
    assert.throws(() => model.update(A), { code: "GONE" });
    assert.equal(model.counts.points, 1);
  });

  it("has no verdict on what found no room, and says how much there is", () => {
    const agent = but({ capacity: 1, update: () => ({ none: "full" }) });
    const model = createLinkedModel(local(), agent, "new");
    assert.throws(() => model.update(A), {
      code: "FULL",
      message: /no room for another behaviour \(1\)/,
    });
    assert.equal(model.counts.points, 0);
  });
});
