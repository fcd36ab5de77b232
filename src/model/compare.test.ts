// SPDX-License-Identifier: Apache-2.0
// diff and merge of model files.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aModel, coefficient, FIDELITY, FLAT } from "../../test/helpers/models.ts";
import { SHA256, testHasher } from "../../test/helpers/test-hasher.ts";
import {
  BUILTIN_PROFILES,
  describeDifferences,
  diffModels,
  makeWorkloadModel,
  mergeModels,
  ModelError,
  parseWorkloadModel,
  type RuleSpec,
  stringifyWorkloadModel,
  type WorkloadModel,
} from "./index.ts";

const withRule = (
  path: string,
): { readonly name: string; readonly rules: readonly RuleSpec[] } => ({
  name: "portable",
  rules: [...BUILTIN_PROFILES.portable.rules, { rule: "no-digest", path }],
});

describe("diffModels", () => {
  it("calls models of the same behaviour the same, whatever their name, completeness and seal", () => {
    const other = aModel({
      name: "other",
      sealed: false,
      completeness: { runs: 9, eventsSeen: 1, eventsLost: 1, saturation: [] },
    });
    const diff = diffModels(aModel(), other);
    assert.deepEqual(diff, { same: true, differences: [], onlyInA: [], onlyInB: [], common: 3 });
  });

  it("lists the points of one only", () => {
    const a = aModel({ points: [1, 2, 3].map(coefficient) });
    const b = aModel({ points: [3, 4].map(coefficient) });
    const diff = diffModels(a, b);
    assert.equal(diff.same, false);
    assert.deepEqual(diff.onlyInA, [1, 2].map(coefficient).sort());
    assert.deepEqual(diff.onlyInB, [coefficient(4)]);
    assert.equal(diff.common, 1);
  });

  const terms: readonly (readonly [string, Parameters<typeof aModel>[0], RegExp])[] = [
    [
      "profile",
      { profile: BUILTIN_PROFILES.exact },
      /^profile: portable \(drop-device, .*\) \| exact \(no rules\)$/,
    ],
    ["profile", { profile: withRule("/a b") }, /"\/a b"/],
    ["aggregate", { aggregate: coefficient(9) }, /^aggregate: 0+ \| /],
    ["base", { base: coefficient(9) }, /^base: zeros \| /],
    ["pseudonyms", { pseudonyms: [coefficient(9)] }, /^pseudonyms: none \| /],
    ["fidelity", { fidelity: { ...FIDELITY, sensor: "bpf" } }, /^fidelity: seccomp; .* \| bpf; /],
    ["fidelity", { fidelity: { ...FIDELITY, holds: [] } }, /holds nothing/],
  ];
  for (const [what, change, words] of terms) {
    it(`names another ${what}`, () => {
      const diff = diffModels(aModel(), aModel(change));
      assert.equal(diff.same, false);
      assert.deepEqual(
        diff.differences.map((d) => d.what),
        [what],
      );
      assert.match(describeDifferences(diff)[0] ?? "", words);
    });
  }

  it("names another digest and what comes with it", () => {
    const b = makeWorkloadModel(
      { ...aModel().spec, name: "b", aggregate: "0".repeat(128), points: [] },
      testHasher("sha512"),
    );
    assert.deepEqual(
      diffModels(aModel(), b).differences.map((d) => d.what),
      ["digest", "aggregate"],
    );
  });

  it("does not mind the order of a fidelity's lists", () => {
    const fidelity = { ...FIDELITY, sees: [...FIDELITY.sees].reverse() };
    assert.equal(diffModels(aModel(), aModel({ fidelity })).same, true);
  });
});

describe("mergeModels", () => {
  const merge = (...models: readonly WorkloadModel[]): WorkloadModel =>
    mergeModels(models, { name: "all", hasher: SHA256 });

  it("allows what any of them allows", () => {
    const a = aModel({ points: [1, 2].map(coefficient) });
    const b = aModel({ points: [2, 3].map(coefficient) });
    const merged = merge(a, b);
    assert.deepEqual(merged.spec.points, [1, 2, 3].map(coefficient).sort());
    assert.equal(merged.spec.state, aModel({ points: [1, 2, 3].map(coefficient) }).spec.state);
    assert.equal(merged.metadata.name, "all");
    const text = stringifyWorkloadModel(merged);
    assert.deepEqual(parseWorkloadModel(text, { source: "x", hasher: testHasher }), merged);
  });

  it("adds up completeness", () => {
    const completeness = { runs: 1, eventsSeen: 50, eventsLost: 2, saturation: FLAT };
    const { spec } = merge(
      aModel({ completeness }),
      aModel({ completeness, points: [coefficient(9)] }),
    );
    assert.deepEqual(spec.completeness, {
      runs: 2,
      eventsSeen: 100,
      eventsLost: 4,
      behaviours: 4,
      saturation: [...FLAT, ...FLAT],
    });
  });

  it("claims the weakest fidelity, and a seal only when all are sealed", () => {
    const weaker = aModel({
      sealed: false,
      fidelity: {
        ...FIDELITY,
        sees: ["file_open"],
        holds: ["file_open"],
        absent: ["*.s_id"],
        features: [],
      },
    });
    const { spec } = merge(aModel(), weaker);
    assert.deepEqual(spec.fidelity, {
      sensor: "seccomp",
      sees: ["file_open"],
      holds: ["file_open"],
      absent: ["*.s_id", "*.s_uuid"],
      features: [],
    });
    assert.equal(spec.sealed, false);
    assert.equal(merge(aModel(), aModel()).spec.sealed, true);
  });

  it("leaves one model as it is", () => {
    const base = coefficient(8);
    assert.deepEqual(merge(aModel({ name: "all", base })), aModel({ name: "all", base }));
  });

  const incompatible: readonly (readonly [string, readonly WorkloadModel[], RegExp])[] = [
    ["none", [], /no model to merge/],
    [
      "other rules",
      [aModel(), aModel({ profile: withRule("/a") })],
      /rules differ.*learn one model from the records/,
    ],
    [
      "another path of a rule",
      [aModel({ profile: withRule("/b") }), aModel({ profile: withRule("/a") })],
      /rules differ/,
    ],
    ["another aggregate", [aModel(), aModel({ aggregate: coefficient(9) })], /aggregates differ/],
    ["another base", [aModel(), aModel({ base: coefficient(9) })], /bases differ/],
    ["other pseudonyms", [aModel(), aModel({ pseudonyms: [coefficient(9)] })], /pseudonyms differ/],
    [
      "another sensor",
      [aModel(), aModel({ fidelity: { ...FIDELITY, sensor: "bpf" } })],
      /sensors seccomp and bpf/,
    ],
  ];
  for (const [name, models, message] of incompatible) {
    it(`refuses ${name}`, () => {
      assert.throws(
        () => merge(...models),
        (e: unknown) =>
          e instanceof ModelError && e.code === "INCOMPATIBLE" && message.test(e.message),
      );
    });
  }

  it("refuses another digest and another mapping", () => {
    const other = makeWorkloadModel(
      { ...aModel().spec, name: "b", aggregate: "0".repeat(128), points: [] },
      testHasher("sha512"),
    );
    const code = (models: readonly WorkloadModel[]): unknown => {
      try {
        return merge(...models);
      } catch (error) {
        return error instanceof ModelError ? error.code : error;
      }
    };
    assert.equal(code([aModel(), other]), "WRONG_DIGEST");
    assert.equal(code([other]), "WRONG_DIGEST");
    const future = {
      ...aModel(),
      spec: { ...aModel().spec, mapping: "other" },
    } as unknown as WorkloadModel;
    assert.equal(code([aModel(), future]), "WRONG_MAPPING");
  });
});
