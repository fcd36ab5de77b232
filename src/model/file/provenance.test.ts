// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aModel, coefficient } from "../../../test/helpers/models.ts";
import { SHA256 } from "../../../test/helpers/test-hasher.ts";
import {
  amended,
  mergeModels,
  modelDigest,
  parseWorkloadModel,
  promoted,
  stringifyWorkloadModel,
} from "../index.ts";
import type { WorkloadModel } from "../index.ts";

const parse = (model: WorkloadModel): WorkloadModel =>
  parseWorkloadModel(stringifyWorkloadModel(model), { source: "m", hasher: () => SHA256 });
const promotion = {
  model: coefficient(0),
  sensor: "seccomp",
  runs: 3,
  events: 10,
  behaviours: 2,
} as const;

describe("amended", () => {
  it("adds points, counts them, and remembers what the model was before", () => {
    const model = aModel();
    const once = amended(model, [coefficient(4), coefficient(1)], SHA256);
    const twice = amended(once, [coefficient(5)], SHA256);
    assert.equal(twice.spec.points.length, 5);
    assert.equal(twice.spec.completeness.behaviours, 5);
    assert.deepEqual(twice.spec.amended, { points: 2, from: [model.spec.state, once.spec.state] });
    assert.deepEqual(parse(twice), twice);
    assert.notEqual(modelDigest(once, SHA256), modelDigest(model, SHA256));
  });

  it("takes away what the model was promoted for", () => {
    const model = promoted(aModel(), promotion);
    assert.equal(amended(model, [coefficient(4)], SHA256).spec.promoted, undefined);
  });

  it("is kept by a union, never above the number of points", () => {
    const model = amended(aModel(), [coefficient(4)], SHA256);
    const both = mergeModels([model, model, model, model, model], { name: "x", hasher: SHA256 });
    assert.deepEqual(both.spec.amended, { points: 4, from: [] });
    assert.deepEqual(parse(both), both);
  });
});

describe("promoted", () => {
  it("stands in the model, under its digest, and leaves the state as it is", () => {
    const model = aModel();
    const result = promoted(model, promotion);
    assert.deepEqual(parse(result).spec.promoted, promotion);
    assert.equal(result.spec.state, model.spec.state);
    assert.notEqual(modelDigest(result, SHA256), modelDigest(model, SHA256));
  });

  it("is refused when it can not be", () => {
    const wrong = promoted(aModel(), { ...promotion, behaviours: 9 });
    assert.throws(() => parse(wrong), /promoted\.behaviours is more than there are points/);
    const short = promoted(aModel(), { ...promotion, model: "00" });
    assert.throws(() => parse(short), /promoted\.model/);
  });
});
