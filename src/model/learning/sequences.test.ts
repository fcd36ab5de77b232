// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { anEvent, aFile } from "../../../test/helpers/events.ts";
import { aRunOf, coefficient, FIDELITY } from "../../../test/helpers/models.ts";
import { SHA256, testHasher } from "../../../test/helpers/test-hasher.ts";
import { randomly } from "../../../test/helpers/walks.ts";
import {
  amended,
  BUILTIN_PROFILES,
  type LearningRun,
  ModelError,
  modelFromRuns,
  parseWorkloadModel,
  stringifyWorkloadModel,
  type WorkloadModel,
} from "../index.ts";
import { decodeSequences } from "../sequence/index.ts";

const FILES = ["/etc/a", "/etc/b", "/etc/c", "/etc/d", "/etc/e"];

/** A run of two processes that read files in an order of their own; what it finds first is its own, too. */
function aSequencedRun(seed: number): LearningRun {
  const random = randomly(seed);
  const order = FILES.toSorted(() => random() - 0.5);
  const run = aRunOf(
    order.map((name) => anEvent("file_open", { file: aFile(name, { flags: 0x8000 }) })),
  );
  const events = 200 + seed;
  const next = [0, 3];
  const streams = Int32Array.from({ length: events }, () => (random() < 0.5 ? 0 : 1));
  const behaviours = streams.map((stream) => {
    const file = (next[stream] ?? 0) % FILES.length;
    next[stream] = file + (random() < 0.9 ? 1 : 2);
    return order.indexOf(FILES[file] ?? "");
  });
  return { ...run, id: `${seed}`.padStart(16, "0"), sequence: { streams, behaviours } };
}

const learned = (runs: readonly LearningRun[], alarmsPerDay = 1): WorkloadModel =>
  modelFromRuns(runs, {
    name: "demo",
    profile: BUILTIN_PROFILES.portable,
    hasher: SHA256,
    fidelity: FIDELITY,
    alarmsPerDay,
  }).model;

const read = (model: unknown): WorkloadModel =>
  parseWorkloadModel(JSON.stringify(model), { source: "test", hasher: testHasher });

const RUNS = [1, 2, 3, 4].map(aSequencedRun);

describe("sequences of a workload", () => {
  it("give the same model in any order of the runs, although each run found the behaviours in another order", () => {
    const model = learned(RUNS);
    assert.equal(stringifyWorkloadModel(learned(RUNS.toReversed())), stringifyWorkloadModel(model));
    const { sequences, points } = model.spec;
    assert.deepEqual(sequences?.process.names, points);
    assert.equal(sequences?.process.learned.traces, 8);
    assert.equal(sequences?.workload.learned.traces, 4);
  });

  it("are read back with the model, and stay with it when points are added", () => {
    const model = learned(RUNS);
    assert.deepEqual(read(model), model);
    const { process } = model.spec.sequences ?? {};
    assert.ok(process !== undefined);
    assert.equal(decodeSequences(process).names.length, FILES.length);
    const more = amended(model, [coefficient(1)], SHA256);
    assert.deepEqual(read(more).spec.sequences, model.spec.sequences);
  });

  it("are left out when a run did not tell the order of its events", () => {
    const { sequence: _, ...silent } = aSequencedRun(5);
    assert.equal(learned([...RUNS, silent]).spec.sequences, undefined);
  });

  it("are refused when they are damaged or speak of other behaviours", () => {
    const model = learned(RUNS);
    const { sequences } = model.spec;
    assert.ok(sequences !== undefined);
    const { process } = sequences;
    const damaged = [
      { ...process, names: process.names.map((name) => name.replaceAll("0", "1")) },
      { ...process, grams: process.grams.slice(0, -4) },
      { ...process, order: 12 },
      { ...process, calibration: { ...process.calibration, readings: [] } },
    ];
    for (const [index, one] of damaged.entries()) {
      const spec = { ...model.spec, sequences: { ...sequences, process: one } };
      assert.throws(() => read({ ...model, spec }), ModelError, `damage ${index}`);
    }
  });
});
