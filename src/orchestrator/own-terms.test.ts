// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aModel } from "../../test/helpers/models.ts";
import { measureModel } from "./models/measure-model.ts";
import { specOfModel } from "./models/model-use.ts";
import { stringifyWorkloadModel } from "../model/index.ts";
import { ownTermsOf, withOwnTerms } from "./own-terms.ts";

const BASE = "c0".repeat(32);
const ZEROS = "0".repeat(64);

describe("the base of a run", () => {
  it("is part of its state, as it is part of a model that is measured under it", () => {
    const model = aModel();
    const spec = withOwnTerms(specOfModel(model), { base: BASE });
    assert.deepEqual({ ...spec, base: undefined }, { ...specOfModel(model), base: undefined });
    const { base, ownState } = ownTermsOf(spec, model);
    assert.equal(base, BASE);
    const content = Buffer.from(stringifyWorkloadModel(model));
    assert.equal(ownState, measureModel({ file: "-", content, base: BASE }).state);
    assert.notEqual(ownState, model.spec.state);
  });

  it("leaves nothing in the record where there is none, or the model has the same", () => {
    const model = aModel();
    assert.deepEqual(ownTermsOf(withOwnTerms(specOfModel(model), {}), model), {});
    const based = aModel({ base: BASE });
    assert.deepEqual(ownTermsOf(withOwnTerms(specOfModel(based), { base: BASE }), based), {});
    assert.deepEqual(ownTermsOf({ ...specOfModel(model), points: [], base: BASE }, undefined), {
      base: BASE,
    });
  });

  it("takes the place of zeros, and of nothing else", () => {
    const zeros = specOfModel(aModel({ base: ZEROS }));
    assert.equal(withOwnTerms(zeros, { base: BASE }).base, BASE);
    const other = specOfModel(aModel({ base: "aa".repeat(32) }));
    assert.throws(() => withOwnTerms(other, { base: BASE, modelFile: "m.json" }), {
      code: "BAD_OPTION",
      message: /contradicts the model m\.json, which was made with the base aaaa/,
    });
  });

  for (const base of ["", "c0", BASE.toUpperCase(), `${BASE}00`, `${BASE.slice(1)}g`])
    it(`is no ${JSON.stringify(base.slice(0, 6))} of ${base.length} characters`, () => {
      assert.throws(() => withOwnTerms(specOfModel(aModel()), { base }), {
        code: "BAD_OPTION",
        message: /is not 64 lower-case hex digits, as sha256 has them/,
      });
    });
});
