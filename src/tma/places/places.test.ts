// SPDX-License-Identifier: Apache-2.0
// One contract for the core wherever it runs: it is the model of src/model, also when it is closed, based, full or asked twice.
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import fc from "fast-check";
import { createModel, ModelError } from "../../model/runtime/index.ts";
import { AgentError } from "../agent-errors.ts";
import { parseLocality } from "../locality.ts";
import type { ModelAgent } from "../model-agent.ts";
import { nodeHasher } from "../node-hasher.ts";
import { readyPlace } from "./ready.ts";
import { startAgent } from "./start.ts";

const hasher = nodeHasher("sha256");
const PLACES = [
  "wasm",
  "process",
  "vm",
  "serial:mps2-an385",
  "serial:mps2-an505",
  "serial:netduinoplus2",
  "serial:microbit",
];

function started(text: string): ModelAgent {
  const place = readyPlace(parseLocality(text));
  assert.ok(place);
  return startAgent(place);
}

const digest = fc.integer({ min: 0, max: 11 }).map((n) => hasher.hex(Uint8Array.of(n)));
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("update" as const), value: digest }) },
  fc.record({
    do: fc.constantFrom("load" as const, "aggregate" as const, "base" as const),
    value: digest,
  }),
  fc.record({
    do: fc.constantFrom("measurement" as const, "state" as const, "seal" as const),
    value: digest,
  }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** What both kinds of model have, each call with an answer. */
interface Asked {
  update(value: string): unknown;
  setAggregate(value: string): unknown;
  setBase(value: string): unknown;
  load(value: string): unknown;
  seal(): unknown;
  state(): string;
  measurement(): string;
}

/** What it answers; false: it refuses. */
function answer(asked: Asked, { do: what, value }: Step): unknown {
  try {
    if (what === "update") return asked.update(value);
    if (what === "aggregate") return asked.setAggregate(value);
    if (what === "base") return asked.setBase(value) ?? true;
    if (what === "load") return asked.load(value) ?? true;
    if (what === "seal") return asked.seal();
    return what === "state" ? asked.state() : asked.measurement();
  } catch (error) {
    assert.ok(error instanceof ModelError || error instanceof AgentError);
    return false;
  }
}

/** An agent takes many at once. */
function single(agent: ModelAgent): Asked {
  return {
    update: (value) => agent.update(value),
    setAggregate: (value) => agent.setAggregate(value),
    setBase: (value) => agent.setBase(value),
    load: (value) => agent.load([value]),
    seal: () => agent.seal(),
    state: () => agent.state(),
    measurement: () => agent.measurement(),
  };
}

for (const place of PLACES) {
  describe(`the model in ${place}`, () => {
    const agent = started(place);
    after(() => agent.close());

    it("is the plain one, whatever is asked in whichever order", () => {
      const runs = { numRuns: place === "wasm" || place === "process" ? 100 : 15 };
      fc.assert(
        fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
          agent.reset();
          const model = createModel({ hasher });
          for (const one of steps) assert.deepEqual(answer(single(agent), one), answer(model, one));
          assert.equal(agent.state(), model.state());
          assert.equal(agent.measurement(), model.measurement());
          const { points, invalid } = model.counts;
          assert.deepEqual([agent.counts().points, agent.counts().invalid], [points, invalid]);
        }),
        runs,
      );
    });
  });
}
