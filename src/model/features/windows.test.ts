// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { HOOK_NAMES } from "../../event/index.ts";
import { FEATURE_NAMES, FeatureWindows, WINDOW_EVENTS, WINDOW_STRIDE } from "./index.ts";

const at = (name: string): number => FEATURE_NAMES.indexOf(name);

function fed(behaviours: readonly string[], pid = 7) {
  const windows = new FeatureWindows();
  return behaviours.flatMap((coefficient) => {
    windows.add({ pid, taskId: "ab", hook: "file_open", coefficient });
    return windows.take();
  });
}

test("a window of a loop says that it is one, how long it is, and of which hooks", () => {
  const loop = Array.from({ length: WINDOW_EVENTS }, (_, n) => `behaviour ${n % 4}`);
  const [workload, process, ...more] = fed(loop);
  assert.deepEqual([workload?.stream, process?.stream, more.length], ["workload", "process", 0]);
  assert.deepEqual([process?.pid, process?.taskId, process?.window], [7, "ab", 0]);
  const features = process?.features ?? new Float32Array();
  for (const [name, value] of [
    ["workload", 0],
    ["distinct", 4 / 64],
    ["top", 0.25],
    ["entropy", Math.log(4) / Math.log(64)],
    ["pairs", 4 / 63],
    ["loop", 1],
    ["loop_length", 4 / 16],
    ["hook_file_open", 1],
  ] as const)
    assert.ok(Math.abs((features[at(name)] ?? -1) - value) < 1e-6, `${name} ${features[at(name)]}`);
  assert.equal(workload?.features[at("workload")], 1);
  assert.equal(features.length, FEATURE_NAMES.length);
});

test("windows overlap by half, whatever a ring's beginning is", () => {
  const turn = Array.from({ length: WINDOW_EVENTS }, (_, n) => `early ${n % 2}`);
  const then = Array.from({ length: WINDOW_EVENTS }, (_, n) => `late ${n % 8}`);
  const windows = fed([...turn, ...then]).filter(({ stream }) => stream === "process");
  assert.deepEqual(
    windows.map(({ window }) => window),
    [0, 1, 2],
  );
  assert.equal(windows.length, 1 + WINDOW_EVENTS / WINDOW_STRIDE);
  assert.deepEqual(
    windows.map(({ features }) => Math.round((features[at("distinct")] ?? 0) * 64)),
    [2, 10, 8],
  );
});

test("another program in a process begins anew; too few events make no window", () => {
  const windows = new FeatureWindows();
  const told = Array.from({ length: WINDOW_EVENTS }, (_, n) => {
    const taskId = n < WINDOW_EVENTS / 2 ? "ab" : "cd";
    windows.add({ pid: 7, taskId, hook: "file_open", coefficient: "one" });
    return windows.take();
  }).flat();
  assert.deepEqual(
    told.map(({ stream }) => stream),
    ["workload"],
  );
});

test("processes beyond the limit are let go, and the names are those of all hooks", () => {
  const windows = new FeatureWindows(2);
  const told: (number | undefined)[] = [];
  for (let n = 0; n < WINDOW_EVENTS; n++)
    for (const pid of [1, 2, 3]) {
      windows.add({ pid, taskId: "ab", hook: "file_open", coefficient: "one" });
      for (const window of windows.take()) if (window.stream === "process") told.push(window.pid);
    }
  assert.deepEqual(told, []);
  assert.equal(new Set(FEATURE_NAMES).size, 7 + HOOK_NAMES.length);
});
