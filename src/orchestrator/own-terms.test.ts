// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aModel } from "../../test/helpers/models.ts";
import { measureModel } from "./models/measure-model.ts";
import { specOfModel } from "./models/model-use.ts";
import { stringifyWorkloadModel } from "../model/index.ts";
import { BUILTIN_PROFILES } from "../model/runtime/index.ts";
import { ownTermsOf, withAggregate, withOwnTerms } from "./own-terms.ts";
import { parseRequest } from "./plan.ts";
import type { RunRequest } from "./run-request.ts";

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

describe("the aggregate of a run", () => {
  const AGGREGATE = "a9".repeat(32);
  const request: RunRequest = {
    command: ["/bin/true"],
    mode: "free",
    onViolation: "observe",
    rules: { mapping: "tsem-v4", digest: "sha256", profile: BUILTIN_PROFILES.portable },
    stateRoot: "/nowhere",
    cwd: "/",
    env: {},
    deadlineMs: 1_000,
    onExit: "wait",
    allowWeaker: false,
  };

  it("is the platform's, asked for under the digest of the rules", async () => {
    const asked: string[] = [];
    const plan = parseRequest({
      ...request,
      aggregate: async (digest) => {
        asked.push(digest);
        return AGGREGATE;
      },
    });
    const { tma, request: known } = await withAggregate(plan, () => assert.fail("a notice"));
    assert.deepEqual([tma.aggregate, known.aggregate, asked], [AGGREGATE, AGGREGATE, ["sha256"]]);
    assert.deepEqual(ownTermsOf(tma, undefined), { aggregate: AGGREGATE });
    const model = aModel();
    const under = ownTermsOf({ ...specOfModel(model), aggregate: AGGREGATE }, model);
    assert.equal(under.aggregate, AGGREGATE);
    assert.notEqual(under.ownState, model.spec.state);
  });

  it("is zeros when the platform does not answer, and that is told", async () => {
    const told: string[] = [];
    const plan = parseRequest({ ...request, aggregate: () => Promise.reject(new Error("gone")) });
    const { tma } = await withAggregate(plan, (text) => told.push(text));
    assert.equal(tma.aggregate, ZEROS);
    assert.match(told.join("\n"), /aggregate is not known, and taken to be zeros: gone/);
  });

  it("is the kernel's own on a TSEM kernel", async () => {
    const tsem = { folder: "/nowhere", kind: "external", nsref: "initial" } as const;
    const plan = parseRequest({ ...request, tsem, aggregate: AGGREGATE });
    assert.equal((await withAggregate(plan, () => undefined)).tma.aggregate, undefined);
  });
});
