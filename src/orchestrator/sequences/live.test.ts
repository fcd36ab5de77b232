// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { encodeSequences, trainSequences } from "../../model/sequence/index.ts";
import { randomly } from "../../../test/helpers/walks.ts";
import { openRecordLog } from "../records/record-log.ts";
import { readNamedSequence, SequenceLog } from "../records/sequence-log.ts";
import type { AnomalyReport } from "./anomaly.ts";
import { LiveSequences } from "./live.ts";

const folder = mkdtempSync(join(tmpdir(), "galgo-live-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const NAMES = ["close", "open", "read", "write"];
const random = randomly(3);
const round = (): readonly number[] => (random() < 0.2 ? [1, 2, 2, 0] : [1, 2, 3, 0]);
const orderly = (rounds: number): number[] => Array.from({ length: rounds }, round).flat();

function trained() {
  const traces = Array.from({ length: 60 }, (_, at) => ({
    run: `run ${at % 6}`,
    events: Int32Array.from(orderly(40)),
  }));
  const spec = encodeSequences(trainSequences({ names: NAMES, traces, durationMs: 3_600_000 }));
  return { alarmsPerDay: 1, process: spec, workload: spec };
}

function watched(name: string) {
  const [path, anomalies] = [join(folder, `${name}.jsonl`), join(folder, `${name}.a.jsonl`)];
  const told: AnomalyReport[] = [];
  const live = new LiveSequences(
    { log: new SequenceLog(path, true), lines: openRecordLog(anomalies) },
    trained(),
    (anomaly) => told.push(anomaly),
  );
  const feed = (events: Iterable<number>, pid = 7): void => {
    for (const event of events) {
      live.add(pid, "task", NAMES[event] ?? "");
      live.settle();
    }
  };
  return { live, told, feed, path, anomalies };
}

test("what is orderly is not told of", () => {
  const { live, told, feed } = watched("orderly");
  feed(orderly(60));
  live.close();
  assert.deepEqual(told, []);
});

test("an odd order is told at once, with the process, and stands in the file", () => {
  const { live, told, feed, path, anomalies } = watched("odd");
  feed(orderly(40));
  assert.equal(told.length, 0);
  feed(new Array<readonly number[]>(20).fill([3, 1, 0, 2]).flat());
  assert.ok(told.some(({ kind }) => kind === "alarm"));
  assert.ok(
    told.some(({ stream, pid, taskId }) => stream === "process" && pid === 7 && taskId === "task"),
  );
  assert.ok(told.some(({ stream }) => stream === "workload"));
  live.close();
  const lines = readFileSync(anomalies, "utf8").trim().split("\n");
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)),
    told,
  );
  assert.equal(readNamedSequence(path)?.behaviours.length, 240);
});

test("at the end it is said how many were strange, and whether the processes are still those that were learned", () => {
  const same = watched("same");
  for (let pid = 1; pid <= 120; pid++) same.feed(orderly(40), pid);
  const { anomalies, drift } = same.live.judged() ?? assert.fail("it can be judged");
  assert.equal(anomalies, same.told.length);
  assert.equal(drift.streams, 120);
  assert.ok(!drift.drifting, `${drift.share} are strange`);
  same.live.close();
  assert.equal(same.told.length, anomalies);

  const other = watched("other");
  const rounds = new Array<readonly number[]>(40).fill([2, 1, 0, 3]).flat();
  for (let pid = 1; pid <= 120; pid++) other.feed(rounds, pid);
  assert.equal(other.live.judged()?.drift.drifting, true);
  other.live.close();
});

test("where not every event is told nothing is judged", () => {
  const { live, told, feed } = watched("some");
  live.incomplete();
  feed(new Array<readonly number[]>(40).fill([3, 1, 0, 2]).flat());
  live.close();
  assert.deepEqual(told, []);
});
