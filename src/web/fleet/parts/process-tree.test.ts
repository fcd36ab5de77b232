// SPDX-License-Identifier: Apache-2.0
// Processes of a workload as a tree.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ProcessTree } from "../../report/tree.ts";
import { treeData } from "./process-tree.ts";

const task = "0".repeat(64);
const MS = 1_000_000;
const at = (ms: number): string => String(1_000 * MS + ms * MS);

describe("processes of a workload", () => {
  const data = treeData({
    facts: [
      { what: "start", at: at(0), pid: 10, name: "sh", task },
      { what: "start", at: at(5), pid: 11, ppid: 10, name: "sh", task },
      { what: "exec", at: at(6), pid: 11, name: "cat", task },
      { what: "end", at: at(20), pid: 11, name: "cat", task },
      { what: "start", at: at(30), pid: 11, ppid: 10, name: "evil\u202e", task, untrusted: true },
      { what: "end", at: at(100), pid: 10, name: "sh", task },
    ],
    cut: false,
    violations: [
      {
        id: "r/forensics/1",
        number: 1,
        words: "opens /etc/shadow",
        decision: "denied",
        pid: 11,
        at: at(12),
      },
    ],
  });

  it("knows parents, programs and times", () => {
    const { rows, spanMs } = data.processes;
    assert.equal(spanMs, 100);
    assert.deepEqual(data.programs, ["sh", "cat", '"evil\\u{202e}"']);
    assert.deepEqual(rows[0], [-1, 10, 0, 100, -1, [[0, 0]]]);
    assert.deepEqual(rows[1], [
      0,
      11,
      5,
      20,
      12,
      [
        [5, 0],
        [6, 1],
      ],
    ]);
    assert.deepEqual(rows[2], [0, 11, 30, 100, 30, [[30, 2]]]);
  });

  it("gives each violation to the process that had the pid then", () => {
    const [violation] = data.violations.list;
    assert.equal(violation?.row, 1);
    assert.equal(violation?.atMs, 12);
    const tree = new ProcessTree(data.processes, data.programs, data.violations.list);
    assert.deepEqual(
      tree.lines().map(({ members, violations }) => [members, violations]),
      [
        [[0], []],
        [[1], [0]],
        [[2], []],
      ],
    );
  });

  it("takes processes whose start nobody saw", () => {
    const { processes } = treeData({
      facts: [{ what: "end", at: at(3), pid: 5, name: "x", task }],
      cut: false,
      violations: [],
    });
    assert.deepEqual(processes.rows, [[-1, 5, 0, 0, -1, [[0, 0]]]]);
    assert.deepEqual(treeData({ facts: [], cut: false, violations: [] }).processes.rows, []);
  });
});
