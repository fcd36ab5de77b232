// SPDX-License-Identifier: Apache-2.0
// Completeness in model files: read back as written, and refused when it can not be what Galgo wrote.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aModel } from "../../../test/helpers/models.ts";
import { SHA256, testHasher } from "../../../test/helpers/test-hasher.ts";
import type { CompletenessDetails } from "./completeness-types.ts";
import { ModelError, modelDigest, parseWorkloadModel, stringifyWorkloadModel } from "../index.ts";

const RUN = { eventsSeen: 5, eventsLost: 0, durationMs: 10, behaviours: 3, onlyHere: 1 };
const DETAILS: CompletenessDetails = {
  perRun: [
    { ...RUN, id: "00112233445566aa", perMinute: [3] },
    { ...RUN, id: "00112233445566bb" },
  ],
  curve: [2500, 3000],
  unseen: { events: 10, once: 1, twice: 0, inOneRun: 1, inTwoRuns: 2 },
  activity: { programs: 1, reads: 2 },
  requirements: [
    { require: "accept", met: false },
    { require: "exec:git", met: true },
  ],
  tests: [
    { name: "a \u001b[31m", behaviours: 1, onlyHere: 1 },
    { name: "b", behaviours: 2, onlyHere: 0 },
  ],
};
const modelOf = (details: CompletenessDetails) =>
  aModel({ completeness: { runs: 2, eventsSeen: 10, eventsLost: 0, saturation: [], ...details } });
const read = (details: unknown) =>
  parseWorkloadModel(stringifyWorkloadModel(modelOf(details as CompletenessDetails)), {
    hasher: testHasher,
    source: "m.json",
  });

describe("completeness in a model file", () => {
  it("is read as it was written, and the digest of the model covers it", () => {
    const model = modelOf(DETAILS);
    assert.deepEqual(read(DETAILS), model);
    const other = modelOf({ ...DETAILS, requirements: [{ require: "accept", met: true }] });
    assert.notEqual(modelDigest(other, SHA256), modelDigest(model, SHA256));
  });

  it("may lack what is newer than the format", () => {
    assert.equal(read({}).spec.completeness.perRun, undefined);
  });

  const wrong: readonly (readonly [string, unknown, RegExp])[] = [
    ["a run without an id", { perRun: [RUN] }, /perRun\[0\]\.id is missing/],
    [
      "runs out of order",
      { perRun: [...(DETAILS.perRun ?? [])].reverse() },
      /perRun\[1\] is not above the one before it/,
    ],
    [
      "a requirement twice",
      { requirements: [1, 2].map(() => ({ require: "accept", met: true })) },
      /requirements\[1\] is not above/,
    ],
    [
      "the name of a test that no JSON holds",
      { tests: [{ name: "\udcff", behaviours: 1, onlyHere: 1 }] },
      /tests\[0\] holds text that is not well-formed/,
    ],
    [
      "a kind of activity that nobody knows",
      { activity: { dreams: 1 } },
      /activity\.dreams is not known/,
    ],
    ["parts of a behaviour", { curve: [1.5] }, /curve\[0\] must be a whole number/],
    [
      "fewer than none",
      { unseen: { ...DETAILS.unseen, once: -1 } },
      /unseen\.once must be at least 0/,
    ],
  ];
  for (const [what, details, message] of wrong) {
    it(`is refused with ${what}`, () =>
      assert.throws(
        () => read(details),
        (e) => e instanceof ModelError && message.test(e.message),
      ));
  }
});
