// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aModel, coefficient } from "../../../test/helpers/models.ts";
import { SHA256, testHasher } from "../../../test/helpers/test-hasher.ts";
import { BUILTIN_PROFILES } from "../rules/rules.ts";
import { parseWorkloadModel, stringifyWorkloadModel } from "../file/model-file.ts";
import { fromTextModel, modelOfText, toTextModel } from "./convert.ts";
import type { TextModel } from "./text-model.ts";

const TERMS = { name: "demo", mapping: "quixote-2025", hasher: SHA256 } as const;
const STATES = [1, 2, 3].map(coefficient).sort();
const TEXT: TextModel = {
  base: "11".repeat(32),
  aggregate: "22".repeat(32),
  pseudonyms: [coefficient(9)],
  states: STATES,
  sealed: true,
};

describe("a text model as a Galgo model", () => {
  it("has the state that Quixote would give it, and is a valid file", () => {
    const { model, losses } = fromTextModel(TEXT, TERMS);
    assert.deepEqual(losses, []);
    assert.equal(model.spec.state, modelOfText(TEXT, SHA256).state());
    const options = { source: "-", hasher: testHasher };
    assert.deepEqual(parseWorkloadModel(stringifyWorkloadModel(model), options), model);
  });

  it("says that nothing is known of its origin", () => {
    const { fidelity, completeness, profile } = fromTextModel(TEXT, TERMS).model.spec;
    assert.equal(fidelity.sensor, "unknown");
    assert.equal(completeness.runs, 0);
    assert.deepEqual(profile, BUILTIN_PROFILES.exact);
  });

  it("comes back as it was", () => {
    assert.deepEqual(toTextModel(fromTextModel(TEXT, TERMS).model).model, TEXT);
  });

  it("names what it can not hold", () => {
    const [a = "", b = ""] = STATES;
    const odd: TextModel = { pseudonyms: [], states: [b, a, b], sealed: false };
    const { model, losses } = fromTextModel(odd, TERMS);
    assert.equal(model.spec.aggregate, "0".repeat(64));
    assert.deepEqual(
      losses.map(({ text, grave }) => [text.split(":")[0], grave]),
      [
        ["it names no aggregate", false],
        ["the order of the states, and with it the measurement, is not kept", false],
        ["how often a state is named is not kept", false],
      ],
    );
  });
});

describe("a Galgo model as a text model", () => {
  const graveOf = (model: Parameters<typeof toTextModel>[0]) =>
    toTextModel(model)
      .losses.filter(({ grave }) => grave)
      .map(({ text }) => text);

  it("is refused when rules made its points", () => {
    assert.match(graveOf(aModel()).join(), /profile portable/);
    assert.deepEqual(graveOf(aModel({ profile: BUILTIN_PROFILES.exact })), []);
    const named = { name: "mine", rules: BUILTIN_PROFILES.portable.rules };
    assert.match(graveOf(aModel({ profile: named })).join(), /profile mine/);
  });

  it("is refused when events were lost", () => {
    const completeness = { runs: 1, eventsSeen: 5, eventsLost: 2, saturation: [] };
    const model = aModel({ profile: BUILTIN_PROFILES.exact, completeness });
    assert.match(graveOf(model).join(), /2 events were lost/);
  });

  it("is refused when Quixote's agent does not know the digest", () => {
    const { model } = fromTextModel(
      { pseudonyms: [], states: ["ab".repeat(48)], sealed: true },
      { ...TERMS, hasher: testHasher("sha384") },
    );
    assert.match(graveOf(model).join(), /knows sha256 only/);
    const kernels = { ...model, spec: { ...model.spec, mapping: "tsem-v4" as const } };
    assert.deepEqual(graveOf(kernels), []);
  });

  it("says what the text is silent about", () => {
    const { losses } = toTextModel(aModel({ profile: BUILTIN_PROFILES.exact, sealed: false }));
    const texts = losses.map(({ text }) => text).join("\n");
    assert.match(texts, /mapping tsem-v4, digest sha256/);
    assert.match(texts, /sensor seccomp/);
    assert.match(texts, /not sealed/);
  });
});
