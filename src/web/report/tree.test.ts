// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ProcessRow, ReportViolation } from "../../model/report/data.ts";
import { ProcessTree } from "./tree.ts";

const PROGRAMS = ["/bin/sh", "/bin/cat", "/bin/ls"];

const row = (parent: number, pid: number, program = 0, untrusted = -1): ProcessRow => [
  parent,
  pid,
  pid,
  pid + 1,
  untrusted,
  [[pid, program]],
];

const violationIn = (process: number): ReportViolation => ({
  number: 1,
  decision: "denied",
  actor: 0,
  words: "",
  kind: 0,
  hook: "file_open",
  process: "",
  pid: 0,
  uid: 0,
  atMs: 0,
  row: process,
  times: 1,
});

function treeOf(rows: readonly ProcessRow[], violations: readonly ReportViolation[] = []) {
  return new ProcessTree({ of: "processes", spanMs: 1, rows, left: 0 }, PROGRAMS, violations);
}

const shape = (tree: ProcessTree): string[] =>
  tree.lines().map(({ level, members, open }) => {
    const mark = open === undefined ? "" : open ? "v" : ">";
    return `${" ".repeat(level - 1)}${mark}${members.join("+")}`;
  });

describe("the process tree", () => {
  const family = [row(-1, 1), row(0, 2), row(1, 3, 1), row(0, 4, 1), row(-1, 5)];

  it("has children below their parents, in the order in which they came", () => {
    assert.deepEqual(shape(treeOf(family)), ["v0", " v1", "  2", " 3", "4"]);
  });

  it("closes and opens", () => {
    const tree = treeOf(family);
    tree.toggle("p0");
    assert.deepEqual(shape(tree), [">0", "4"]);
    tree.toggle("p0");
    tree.openAll(false);
    assert.deepEqual(shape(tree), [">0", "4"]);
    tree.openAll(true);
    assert.equal(shape(tree).length, 5);
  });

  it("draws childless siblings as one that ran the same, but none that violated the model", () => {
    const rows = [
      row(-1, 1),
      ...Array.from({ length: 6 }, (_, i) => row(0, i + 2, 1)),
      row(0, 9, 2),
    ];
    const tree = treeOf(rows, [violationIn(3)]);
    assert.deepEqual(shape(tree), ["v0", " >1+2+4+5+6", " 3", " 7"]);
    tree.toggle(tree.lines()[1]?.key ?? "");
    assert.deepEqual(shape(tree), [
      "v0",
      " v1+2+4+5+6",
      "  1",
      "  2",
      "  4",
      "  5",
      "  6",
      " 3",
      " 7",
    ]);
  });

  it("draws siblings as one that started the same, but none below which the model was violated", () => {
    // five shells, each of which started cat and ls
    const shell = (at: number) => [row(0, at), row(at - 1, at + 1, 1), row(at - 1, at + 2, 2)];
    const rows = [row(-1, 1), ...[2, 5, 8, 11, 14].flatMap(shell)];
    assert.deepEqual(shape(treeOf(rows)), ["v0", " >1+4+7+10+13"]);
    const tree = treeOf(rows, [violationIn(6)]);
    assert.deepEqual(shape(tree), ["v0", " >1+7+10+13", " v4", "  5", "  6"]);
    const key = tree.reveal(12);
    assert.ok(tree.lines().some((line) => line.key === key));
  });

  it("says how many violations are out of sight", () => {
    const tree = treeOf(family, [violationIn(2), violationIn(1), violationIn(0)]);
    tree.toggle("p0");
    const [first] = tree.lines();
    assert.deepEqual([first?.violations, first?.hidden], [[2], 2]);
  });

  it("finds programs and pids with what leads to them", () => {
    const tree = treeOf(family);
    tree.search("CAT");
    assert.deepEqual(shape(tree), ["v0", " v1", "  2", " 3"]);
    tree.search("5");
    assert.deepEqual(shape(tree), ["4"]);
    tree.search(" ");
    assert.equal(shape(tree).length, 5);
  });

  it("shows a process wherever it is", () => {
    const rows = [row(-1, 1), row(0, 2), ...Array.from({ length: 9 }, (_, i) => row(1, i + 3, 1))];
    const tree = treeOf(rows);
    tree.openAll(false);
    const key = tree.reveal(6);
    assert.ok(tree.lines().some((line) => line.key === key));
  });

  it("is as deep as processes are, and as long", () => {
    const deep = Array.from({ length: 20_000 }, (_, i) => row(i - 1, i + 1));
    const tree = treeOf(deep);
    tree.openAll(true);
    assert.equal(tree.lines().length, 20_000);
    const wide = [row(-1, 1), ...Array.from({ length: 20_000 }, (_, i) => row(0, i + 2, 1))];
    assert.deepEqual(
      treeOf(wide)
        .lines()
        .map(({ members }) => members.length),
      [1, 20_000],
    );
  });

  it("takes a parent that comes later, or is the process itself, for nobody", () => {
    assert.deepEqual(shape(treeOf([row(0, 1), row(5, 2)])), ["0", "1"]);
  });
});
