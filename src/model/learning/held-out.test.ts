// SPDX-License-Identifier: Apache-2.0
// Runs that are held against what learning from the others gives.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aFile, anEvent } from "../../../test/helpers/events.ts";
import { FIDELITY } from "../../../test/helpers/models.ts";
import { SHA256 } from "../../../test/helpers/test-hasher.ts";
import { MAX_HELD_OUT_RUNS } from "../completeness/completeness-limits.ts";
import { ModelError } from "../errors.ts";
import { surprisesIn } from "./held-out.ts";
import { BUILTIN_PROFILES, learningRun, lintModel, modelFromRuns } from "../index.ts";
import type { LearningRun } from "../index.ts";

const open = (name: string) => anEvent("file_open", { file: aFile(name) });

function aRun(durationMs: number, ...names: readonly string[]): LearningRun {
  const facts = { eventsSeen: names.length, eventsLost: 0, durationMs, saturation: [] };
  return learningRun(
    names.map((name) => ({ event: open(name), count: 1 })),
    facts,
    SHA256,
  );
}

const surprisesOf = (runs: readonly LearningRun[]) => {
  const { model } = modelFromRuns(runs, {
    name: "demo",
    profile: BUILTIN_PROFILES.portable,
    hasher: SHA256,
    fidelity: FIDELITY,
  });
  const found = new Map(model.spec.completeness.perRun?.map((run) => [run.id, run.surprises]));
  return { model, found: runs.map(({ id }) => found.get(id)) };
};

describe("runs that are held against the others", () => {
  it("show what only they had", () => {
    const { model, found } = surprisesOf([
      aRun(1, "/etc/a", "/etc/b"),
      aRun(2, "/etc/a", "/etc/b", "/etc/c"),
      aRun(3, "/etc/a", "/etc/b"),
    ]);
    assert.deepEqual(found, [0, 1, 0]);
    const [note] = lintModel(model).filter(({ code }) => code === "NOT_FORETOLD");
    assert.match(note?.message ?? "", /would have refused 1 behaviours in 1 of 3 runs/);
  });

  it("show nothing where rules that the others give foretell them", () => {
    const hex = (n: number): string => n.toString(16).padStart(40, "0123456789abcdef");
    const runs = [1, 2, 3, 4].map((n) => aRun(n, "/srv/app/x", `/srv/app/cache/${hex(n * 7919)}`));
    const { model, found } = surprisesOf(runs);
    assert.equal(model.spec.completeness.unseen?.inOneRun, 0);
    assert.deepEqual(found, [0, 0, 0, 0]);
  });

  it("give the same whatever their order", () => {
    const runs = [aRun(1, "/etc/a"), aRun(2, "/etc/b"), aRun(3, "/etc/a", "/etc/b")];
    const expected = surprisesOf(runs).model;
    assert.deepEqual(surprisesOf([...runs].reverse()).model, expected);
  });

  it("are as many as make sense", () => {
    const runs = (n: number) => Array.from({ length: n }, (_, i) => aRun(i, "/etc/a"));
    assert.deepEqual(surprisesOf(runs(2)).found, [undefined, undefined]);
    assert.equal(surprisesOf(runs(MAX_HELD_OUT_RUNS)).found[0], 0);
    assert.equal(surprisesOf(runs(MAX_HELD_OUT_RUNS + 1)).found[0], undefined);
  });

  it("say nothing when one can not be told without the others", () => {
    const runs = [aRun(1, "/a"), aRun(2, "/a"), aRun(3, "/a")];
    const fails = surprisesIn(runs, () => {
      throw new ModelError("UNKNOWN_IDENTITY", "no");
    });
    assert.equal(fails, undefined);
    assert.throws(() =>
      surprisesIn(runs, () => {
        throw new TypeError("a slip of ours");
      }),
    );
  });
});
