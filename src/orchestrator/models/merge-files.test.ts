// SPDX-License-Identifier: Apache-2.0
// Merging is learning from the runs of all: whatever the order of files and runs, and in how many steps it is done, the bytes are the same.
import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import fc from "fast-check";
import { MadeRun, Taught } from "../../../test/helpers/made-runs.ts";
import { writeRecord } from "../../event/index.ts";
import { stringifyWorkloadModel } from "../../model/index.ts";
import { recordsFileOf } from "./learn-files.ts";
import { learningRunLines, readLearningRuns } from "./learning-runs.ts";
import { mergeModelFiles } from "./merge-files.ts";
import { loadModel } from "./model-use.ts";
import { readRecords } from "../records/record-file.ts";

const folder = mkdtempSync(join(tmpdir(), "galgo-merge-"));
after(() => rmSync(folder, { recursive: true }));

const aRun = (n: number): MadeRun => {
  const run = new MadeRun(500 + n).reads("/etc/hosts").reads(`/run/app/lock.${500 + n}`);
  run.reads(`/srv/app/jobs/${(n * 77_777_777).toString(16).padStart(12, "a")}/in`);
  run.reads("/srv/app/data", { digest: n.toString(16).padStart(64, "0") });
  return run.connects("127.0.0.1", 20_000 + 700 * n);
};

let files = 0;

/** A model file of some runs, with its records. */
function modelOf(...runs: readonly MadeRun[]): string {
  files += 1;
  const file = join(folder, `m${files}.json`);
  const { model, given } = new Taught(runs).learned;
  writeFileSync(file, stringifyWorkloadModel(model));
  writeFileSync(recordsFileOf(file), [...learningRunLines(given), ""].join("\n"));
  return file;
}

function merge(...from: readonly string[]): string {
  files += 1;
  const output = join(folder, `m${files}.json`);
  mergeModelFiles({ files: from, output });
  return output;
}

const bytes = (file: string): readonly string[] =>
  [file, recordsFileOf(file)].map((path) => readFileSync(path, "utf8"));

describe("merging", () => {
  const runs = [1, 2, 3, 4, 5].map(aRun);
  const parts = [runs.slice(0, 2), runs.slice(2, 3), runs.slice(3)].map((some) => modelOf(...some));
  const whole = bytes(modelOf(...runs));

  it("gives what learning from all runs gives, in any order", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(parts, { minLength: 3 }), (order) => {
        assert.deepEqual(bytes(merge(...order)), whole);
      }),
      { numRuns: 6 },
    );
    const { rules } = loadModel(merge(...parts)).spec.profile;
    assert.ok(rules.some(({ rule }) => rule === "path-template"));
  });

  it("counts a run once, and may be done step by step", () => {
    const [a = "", b = "", c = ""] = parts;
    assert.deepEqual(bytes(merge(merge(c, a), b)), whole);
    assert.deepEqual(bytes(merge(a, merge(b, a), c, c)), whole);
  });

  it("joins points where a model holds more than its records tell", () => {
    const [a = "", b = ""] = parts;
    const changed = modelOf(...runs.slice(0, 2));
    writeFileSync(recordsFileOf(changed), "");
    assert.throws(() => merge(changed, b), { code: "BAD_MODEL", message: /rules differ/ });
    const result = mergeModelFiles({ files: [changed, a], output: join(folder, "joined.json") });
    assert.equal(result.learned, undefined);
    assert.deepEqual(result.model.spec.points, loadModel(a).spec.points);
  });
});

describe("records of runs", () => {
  const file = join(folder, "r.jsonl");
  const { given } = new Taught([aRun(1), aRun(2)]).learned;

  it("are read as they were written, and by those who do not ask for runs", () => {
    writeFileSync(file, [...learningRunLines(given), ""].join("\n"));
    const read = readLearningRuns(file);
    assert.deepEqual(
      read.map(({ id, facts }) => ({ id, facts })),
      given.map(({ id, facts }) => ({ id, facts })),
    );
    const records = given.flatMap((run) => run.records);
    assert.deepEqual(
      [...readRecords(file)].map(({ event }) => event),
      records.map(({ event }) => event),
    );
  });

  it("are one run where no header says more", () => {
    const events = given.flatMap((run) => run.records.map(({ event }) => event));
    writeFileSync(file, events.map((event) => `${writeRecord(event)}\n`).join(""));
    const facts = { eventsSeen: 90, eventsLost: 1, durationMs: 5, saturation: [] };
    const [only, ...others] = readLearningRuns(file, facts);
    assert.deepEqual([only?.records.length, only?.facts, others], [events.length, facts, []]);
  });

  it("are refused with a header that is none", () => {
    appendFileSync(file, '{"run":{"id":"0123456789abcdef"}}\n');
    assert.throws(() => readLearningRuns(file), { code: "BAD_RECORD", message: /line \d+ is not/ });
  });
});
