// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MAX_KNOWN_TASKS } from "./limits.ts";
import { NamelessWait } from "./nameless.ts";
import { KnownTasks, type ProcessTasks, workloadTasks } from "./tasks.ts";

function scene(tasks: ProcessTasks[], deadlineMs = 60_000) {
  const known = new KnownTasks();
  const released: string[] = [];
  const hung: string[] = [];
  const wait = new NamelessWait({
    known,
    deadlineMs,
    tasks: () => tasks,
    release: (pid, tnum) => {
      released.push(`${pid}:${tnum}`);
      return "done";
    },
    hung: (reason) => hung.push(reason),
  });
  return { known, released, hung, wait };
}

describe("a task that no record names", () => {
  it("is released with every task that is known, once each, and then it is over", () => {
    const { known, released, wait } = scene([
      { pid: 1, tids: [1, 2] },
      { pid: 3, tids: [3] },
    ]);
    known.note(1, 10n);
    known.note(2, 20n);
    known.note(3, 30n);
    wait.look();
    assert.deepEqual(released, [], "nobody of that kind waits");
    wait.begin();
    assert.equal(wait.active, true);
    wait.look();
    assert.deepEqual(released, ["1:10", "2:20", "3:30"]);
    assert.equal(wait.active, false);
    wait.look();
    assert.equal(released.length, 3);
  });

  it("is waited for while a process has not been heard of", () => {
    const { known, released, hung, wait } = scene([
      { pid: 1, tids: [1] },
      { pid: 3, tids: [3] },
    ]);
    known.note(1, 10n);
    wait.begin();
    wait.look();
    wait.look();
    assert.deepEqual(released, ["1:10"], "told once");
    assert.equal(wait.active, true);
    known.note(3, 30n);
    wait.advanced();
    wait.look();
    assert.deepEqual(released, ["1:10", "3:30"]);
    assert.equal(wait.active, false);
    assert.deepEqual(hung, []);
  });

  it("ends the workload when nothing moves until the deadline", () => {
    const { hung, wait } = scene([{ pid: 3, tids: [3] }], 0);
    wait.begin();
    wait.look();
    assert.equal(hung.length, 1);
    assert.match(hung[0] ?? "", /process 3 was never heard of/);
    assert.equal(wait.active, false);
  });

  it("is no thread that slept all the time: its process is known", () => {
    const { known, hung, wait } = scene([{ pid: 1, tids: [1, 2] }], 0);
    known.note(1, 10n);
    wait.begin();
    wait.look();
    assert.deepEqual(hung, []);
    assert.equal(wait.active, false);
  });
});

describe("what is known of tasks", () => {
  it("is the last number of each, and bounded", () => {
    const known = new KnownTasks();
    known.note(7, 1n);
    known.note(7, 2n);
    assert.equal(known.tnumOf(7), 2n);
    for (let pid = 8; pid < 8 + MAX_KNOWN_TASKS; pid++) known.note(pid, 1n);
    assert.equal(known.tnumOf(7), undefined, "the oldest is forgotten");
    assert.equal(known.tnumOf(8), 1n);
  });

  it("is where the kernel lists a process's threads", () => {
    const found = workloadTasks(process.pid, undefined).find(({ pid }) => pid === process.pid);
    assert.ok(found?.tids.includes(process.pid));
    assert.ok((found?.tids.length ?? 0) > 1, "Node has threads");
  });
});
