// SPDX-License-Identifier: Apache-2.0
// The model's state machine against scenarios that were played with the compiled model of the Quixote userspace agent.
// Events are taken as the coefficients that agent computed: how it maps them is another matter.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { createModel, type Model, ModelError, pseudonymOf } from "../../src/model/index.ts";
import { SHA256 } from "../helpers/test-hasher.ts";
import { linesOf, ownVectors, wholeVectors } from "../helpers/vectors.ts";

interface Step {
  readonly in: string;
  readonly out: {
    readonly ok?: boolean;
    readonly load?: boolean;
    readonly coefficient?: string;
    readonly added?: boolean;
    readonly discipline?: boolean;
    readonly state?: string;
    readonly measurement?: string;
    readonly points?: readonly {
      readonly point: string;
      readonly count: number;
      readonly valid: boolean;
    }[];
  };
}

const own = ownVectors<{
  readonly scenarios: Readonly<Record<string, readonly Step[]>>;
  readonly pseudonyms: readonly { readonly path: string; readonly pseudonym: string }[];
}>("quixote-model.json");
const whole = wholeVectors("quixote/scenarios");

/** A later aggregate makes that agent forget points in its measurement; ours stays a function of aggregate and points. */
const DEFECT_IN_MEASUREMENT = new Set([
  "model-unsealed-other-aggregate-loses-measurement",
  "model-state-before-aggregate",
]);

describe("the model does as Quixote's", () => {
  for (const [name, steps] of Object.entries(own.scenarios)) {
    it(`in ${name}`, () => {
      assert.ok(play(name, steps) > 0);
    });
  }

  it("in every scenario", whole, () => {
    const files = readdirSync(whole.path).sort();
    let checks = 0;
    for (const file of files) {
      const steps = linesOf(join(whole.path, file)).map((line) => JSON.parse(line) as Step);
      checks += play(file.replace(".jsonl", ""), steps);
    }
    assert.equal(files.length, 32);
    assert.ok(checks > 700, String(checks));
  });
});

describe("a pseudonym", () => {
  for (const { path, pseudonym } of own.pseudonyms) {
    it(`of ${path} is Quixote's`, () => assert.equal(pseudonymOf(path, SHA256), pseudonym));
  }
});

/** Plays a scenario and returns how many outcomes were compared. */
function play(name: string, steps: readonly Step[]): number {
  const model = createModel({ hasher: SHA256 });
  return steps.reduce((checks, step) => checks + playStep(model, step, name), 0);
}

function playStep(model: Model, step: Step, name: string): number {
  const { out } = step;
  if (step.in.startsWith("!load ")) return load(model, step.in.slice(6), out.load === true);
  if (step.in === "!seal") model.seal();
  const aggregate = /"aggregate": \{"value": "([0-9a-f]{64})"/.exec(step.in)?.[1];
  if (aggregate !== undefined) model.setAggregate(aggregate);
  if (out.coefficient !== undefined && out.added !== undefined) {
    const { added, valid } = model.update(out.coefficient);
    assert.deepEqual(
      { added, discipline: !valid },
      { added: out.added, discipline: out.discipline },
    );
    return 1;
  }
  if (out.state !== undefined) assert.equal(model.state(), out.state, name);
  else if (out.measurement !== undefined) {
    const same = model.measurement() === out.measurement;
    assert.equal(same, !DEFECT_IN_MEASUREMENT.has(name), name);
  } else if (Array.isArray(out.points)) {
    const points = model
      .points()
      .map((p) => ({ point: p.coefficient, count: p.count, valid: p.valid }));
    assert.deepEqual(points, out.points, name);
  } else return 0;
  return 1;
}

function load(model: Model, line: string, accepted: boolean): number {
  const [word = "", argument = ""] = line.split(" ");
  if (word.startsWith("seal")) model.seal();
  if (argument === "") return 0;
  if (word === "aggregate") model.setAggregate(argument);
  else if (word === "base") model.setBase(argument);
  else if (word === "pseudonym") model.addPseudonym(argument);
  else if (word === "state" && accepted) model.load(argument);
  else if (word === "state") assert.throws(() => model.load(argument), ModelError);
  else return 0;
  return 1;
}
