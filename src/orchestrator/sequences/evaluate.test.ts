// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { walks } from "../../../test/helpers/walks.ts";
import { RecordFileError } from "../errors.ts";
import { evaluateSequences } from "./evaluate.ts";
import { readTraces } from "./trace-files.ts";

const root = mkdtempSync(join(tmpdir(), "galgo-traces-"));
after(() => rmSync(root, { recursive: true, force: true }));

function file(path: string, content: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

function numbers(events: Iterable<number>): string {
  return `${[...events].join(" ")} \n`;
}

for (const [folder, seed, traces] of [
  ["train", 1, 80],
  ["normal", 2, 40],
] as const) {
  const all = walks({ seed, traces, length: 200, alphabet: 20 });
  for (const [at, trace] of all.entries()) file(`${folder}/U-${at}.txt`, numbers(trace));
}
const odd = walks({ seed: 3, traces: 20, length: 200, alphabet: 20 });
for (const [at, trace] of odd.entries()) {
  const backwards = trace.toReversed();
  file(`attack/Backwards_${at % 4}/A-${at}.txt`, numbers(backwards));
  const never = trace.map((symbol, place) => (place % 9 === 0 ? 400 : symbol));
  file(`attack/Never_${at % 4}/A-${at}.txt`, numbers(never));
}

const FOLDERS = {
  train: join(root, "train"),
  normal: join(root, "normal"),
  attack: join(root, "attack"),
};

test("attacks in nested folders are told from normal traces, family by family", () => {
  const { all, distinct, families, calibration, training, scoring } = evaluateSequences(FOLDERS);
  assert.ok(all.auc > 0.95, `AUC ${all.auc}`);
  assert.deepEqual([all.normals, all.attacks, distinct.normals], [40, 40, 40]);
  assert.deepEqual(
    families.map(({ family, attacks }) => [family, attacks]),
    [
      ["Backwards", 20],
      ["Never", 20],
    ],
  );
  assert.ok(calibration.error < 0.2, `calibration error ${calibration.error}`);
  assert.deepEqual([training.traces, training.events, training.names], [80, 16_000, 20]);
  assert.equal(scoring.events, 80 * 200);
});

test("attacks within normal traces are found by alarms, not by the verdict", () => {
  for (const [at, trace] of walks({ seed: 4, traces: 20, length: 600, alphabet: 20 }).entries())
    file(`within/A_${at}/trace`, numbers([...trace, ...new Array<number>(25).fill(7), ...trace]));
  const { all, alarm, combined } = evaluateSequences({ ...FOLDERS, attack: join(root, "within") });
  assert.ok(alarm.auc > 0.95, `AUC of alarms ${alarm.auc}`);
  assert.ok(
    combined.auc > 0.8 && combined.auc > all.auc,
    `AUC ${all.auc}, of both ${combined.auc}`,
  );
});

const JUMPS = [3, 9, 15, 1, 7, 13];

test("indicators make what resembles them stand out, and leave the rest as it was", () => {
  for (const [at, trace] of walks({ seed: 5, traces: 30, length: 200, alphabet: 20 }).entries()) {
    // jumps as normal ones have them, but always the same
    const turned = trace.map((symbol, place) => JUMPS[place % 100] ?? symbol);
    file(`${at < 10 ? "known" : "like"}/A_${at}`, numbers(turned));
  }
  const request = { ...FOLDERS, attack: join(root, "like") };
  const without = evaluateSequences(request);
  const mixed = evaluateSequences({ ...request, indicators: join(root, "known") });
  assert.ok(mixed.all.auc > without.all.auc, `${without.all.auc}, mixed in ${mixed.all.auc}`);
  const others = evaluateSequences({ ...FOLDERS, indicators: join(root, "known") });
  assert.ok(others.all.auc > 0.95, `AUC of other attacks ${others.all.auc}`);
});

test("normal traces that are there twice, or were trained on, count once or not at all without duplicates", () => {
  const [first = new Int32Array()] = walks({ seed: 1, traces: 1, length: 200, alphabet: 20 });
  const [second = new Int32Array()] = walks({ seed: 9, traces: 1, length: 200, alphabet: 20 });
  file("twice/trained.txt", numbers(first));
  file("twice/a.txt", numbers(second));
  file("twice/b.txt", numbers(second));
  const { all, distinct } = evaluateSequences({ ...FOLDERS, normal: join(root, "twice") });
  assert.deepEqual([all.normals, distinct.normals], [3, 1]);
});

test("the same numbers come out whatever the files are called", () => {
  const all = walks({ seed: 1, traces: 80, length: 200, alphabet: 20 });
  for (const [at, trace] of all.entries()) file(`renamed/${(at * 37) % 80}.txt`, numbers(trace));
  const again = evaluateSequences({ ...FOLDERS, train: join(root, "renamed") });
  const once = evaluateSequences(FOLDERS);
  assert.deepEqual([again.all, again.calibration], [once.all, once.calibration]);
});

test("lines of process and call are one trace a process; what is no trace is passed over and told", () => {
  file("mixed/pairs.int", "7 5\n8 1\n7 6\n8 2\n");
  file("mixed/README", "about this\n");
  file("mixed/.hidden", "1 2 3\n");
  const { traces, skipped } = readTraces(join(root, "mixed"));
  assert.deepEqual(
    traces.map(({ names }) => names),
    [
      ["5", "6"],
      ["1", "2"],
    ],
  );
  assert.deepEqual(skipped, [join(root, "mixed/README")]);
});

test("a folder that is not there, or holds no trace, is refused", () => {
  file("empty/README", "nothing\n");
  for (const folder of ["empty", "missing"])
    assert.throws(() => readTraces(join(root, folder)), RecordFileError);
});
