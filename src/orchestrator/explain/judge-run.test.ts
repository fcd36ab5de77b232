// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { aFile, anEvent } from "../../../test/helpers/events.ts";
import { aModel, aRunOf, FIDELITY } from "../../../test/helpers/models.ts";
import { SHA256 } from "../../../test/helpers/test-hasher.ts";
import { randomly } from "../../../test/helpers/walks.ts";
import { BUILTIN_PROFILES, type LearningRun, modelFromRuns } from "../../model/index.ts";
import { RecordFileError } from "../errors.ts";
import { recordsFileOf } from "../models/learn-files.ts";
import { learningRunLines } from "../models/learning-runs.ts";
import { SequenceLog } from "../records/sequence-log.ts";
import { judgeRun } from "./judge-run.ts";
import { surpriseLines, wordsBeside } from "./sequence-words.ts";

const folder = mkdtempSync(join(tmpdir(), "galgo-judge-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const FILES = ["/srv/first", "/srv/second", "/srv/third", "/srv/fourth"];
const EVENTS = FILES.map((name) => anEvent("file_open", { file: aFile(name, { flags: 0x8000 }) }));

/** A process that reads the files one after the other, round by round; sometimes the third one twice. */
function normalOrder(seed: number): number[] {
  const random = randomly(seed);
  return Array.from({ length: 30 }, () => (random() < 0.1 ? [0, 1, 2, 2, 3] : [0, 1, 2, 3])).flat();
}

function aRun(seed: number): LearningRun {
  const behaviours = Int32Array.from(normalOrder(seed));
  const streams = new Int32Array(behaviours.length);
  return { ...aRunOf(EVENTS), id: `${seed}`.padStart(16, "0"), sequence: { streams, behaviours } };
}

const runs = Array.from({ length: 12 }, (_, seed) => aRun(seed + 1));
const { model, runs: mapped } = modelFromRuns(runs, {
  name: "demo",
  profile: BUILTIN_PROFILES.portable,
  hasher: SHA256,
  fidelity: FIDELITY,
  alarmsPerDay: 1,
});
const coefficients = mapped[0]?.coefficients ?? [];
const modelFile = join(folder, "demo.json");
writeFileSync(recordsFileOf(modelFile), [...learningRunLines(runs), ""].join("\n"));

/** The file of a run under the model. */
function recorded(name: string, order: readonly number[]): string {
  const path = join(folder, name);
  const log = new SequenceLog(path, true);
  for (const behaviour of order) log.add(4711, "task", coefficients[behaviour] ?? "");
  log.close();
  return path;
}

test("a normal run is not strange", () => {
  const { strange, events } = judgeRun(recorded("normal.jsonl", normalOrder(99)), model);
  assert.deepEqual(strange, []);
  assert.equal(events, normalOrder(99).length);
});

test("allowed behaviours in an odd order are strange, and are explained by their names", () => {
  const odd = new Array<readonly number[]>(20).fill([1, 0, 3]).flat();
  const order = [...normalOrder(98).slice(0, 60), ...odd];
  const { strange } = judgeRun(recorded("odd.jsonl", order), model);
  const [first] = strange;
  assert.equal(first?.of, "process");
  assert.equal(first?.pid, 4711);
  assert.ok((first?.level ?? 0) > (first?.threshold ?? 0));
  const [surprise] = first?.surprises ?? [];
  assert.ok(surprise !== undefined);
  const lines = surpriseLines(surprise, wordsBeside(model, modelFile)).join("\n");
  assert.match(lines, /opens \/srv\/\w+ for reading\n {2}came there never in \d+ times/);
  assert.match(lines, /expected .*opens \/srv\//);
});

test("a run without an order of events, or a model without sequences, can not be judged", () => {
  const path = recorded("some.jsonl", [0, 1]);
  assert.throws(() => judgeRun(path, aModel()), RecordFileError);
  assert.throws(() => judgeRun(join(folder, "missing"), model), RecordFileError);
});
