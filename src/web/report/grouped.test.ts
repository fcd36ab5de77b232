// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Grouped } from "./grouped.ts";

const entry = (program: number, kind: number) => ({ program, kind });

const shape = (grouped: Grouped<{ program: number; kind: number }>): string[] =>
  grouped.lines().map(({ type, program, kind, index, size }) => {
    if (type === "program") return `program ${program} (${size})`;
    if (type === "kind") return ` kind ${kind} (${size})`;
    return type === "note" ? `  and ${size} more` : `  ${index}`;
  });

describe("entries by program and kind", () => {
  const few = [entry(1, 2), entry(0, 1), entry(0, 0), entry(0, 1)];

  it("are in the order of size, then of kinds; a few are open", () => {
    assert.deepEqual(shape(new Grouped(few)), [
      "program 0 (3)",
      " kind 0 (1)",
      "  2",
      " kind 1 (2)",
      "  1",
      "  3",
      "program 1 (1)",
      " kind 2 (1)",
      "  0",
    ]);
  });

  it("are closed when there are many, and open for a search", () => {
    const many = Array.from({ length: 500 }, (_, i) => entry(i % 5, i % 3));
    const grouped = new Grouped(many);
    assert.equal(grouped.lines().length, 5);
    grouped.filter(({ program, kind }) => program === 1 && kind === 1);
    assert.equal(grouped.shown, 34);
    assert.equal(grouped.lines().length, 2 + 34);
    grouped.filter(undefined);
    assert.equal(grouped.shown, 500);
    grouped.toggle("1");
    assert.equal(grouped.lines().length, 5 + 3);
    grouped.openAll(true);
    assert.equal(grouped.lines().length, 5 + 15 + 500);
  });

  it("are summed up where they are not listed, but not in what was searched", () => {
    const grouped = new Grouped(few, [
      [0, 1, 7],
      [4, 0, 2],
    ]);
    const lines = shape(grouped);
    assert.ok(lines.includes("program 0 (10)") && lines.includes("program 4 (2)"), lines.join());
    assert.ok(lines.includes("  and 7 more"));
    grouped.filter(({ program }) => program === 0);
    assert.ok(!shape(grouped).some((line) => line.includes("more")));
  });
});
