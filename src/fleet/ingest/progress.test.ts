// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { MAX_ABOVE } from "./limits.ts";
import { advance, committedRanges, NOTHING_YET, skip } from "./progress.ts";
import type { Progress } from "./progress.ts";

const numbers = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 20 });

describe("progress of a spool", () => {
  it("takes each number once, in any order and any batches, and remembers exactly what came", () => {
    fc.assert(
      fc.property(fc.array(numbers, { maxLength: 10 }), (batches) => {
        let progress: Progress = NOTHING_YET;
        const rows = new Set<number>();
        const taken: number[] = [];
        for (const batch of batches) {
          const { fresh, after, added, absorbed } = advance(progress, batch);
          taken.push(...fresh);
          for (const seq of absorbed)
            assert.ok(rows.delete(seq), "only rows that are there are forgotten");
          for (const seq of added) rows.add(seq);
          assert.deepEqual(rows, new Set(after.above));
          progress = after;
        }
        const came = [...new Set(batches.flat())].sort((a, b) => a - b);
        assert.deepEqual(
          [...taken].sort((a, b) => a - b),
          came,
        );
        const ranges = committedRanges(progress);
        const told = ranges.flatMap(([first, last]) =>
          Array.from({ length: last - first + 1 }, (_, i) => first + i),
        );
        assert.deepEqual(told, came);
      }),
    );
  });

  it("leaves out what the host has dropped", () => {
    const { after } = advance(NOTHING_YET, [1, 2, 5, 6, 9]);
    assert.deepEqual(committedRanges(after), [
      [1, 2],
      [5, 6],
      [9, 9],
    ]);
    const { after: skipped, absorbed } = skip(after, 5);
    assert.deepEqual(skipped, { upto: 6, above: new Set([9]) });
    assert.deepEqual(absorbed, [5, 6]);
    assert.deepEqual(skip(skipped, 3).after, skipped);
    assert.deepEqual(advance(skipped, [3, 7]).fresh, [7]);
  });

  it("remembers only so many behind a gap, and still takes what closes it", () => {
    const even = Array.from({ length: MAX_ABOVE + 5 }, (_, i) => 2 * (i + 1));
    const first = advance(NOTHING_YET, even);
    assert.equal(first.after.above.size, MAX_ABOVE);
    assert.deepEqual(first.far, even.slice(MAX_ABOVE));
    const full = advance(first.after, [...first.far, 2 * MAX_ABOVE + 99]);
    assert.deepEqual([full.fresh, full.far.length], [[], 6]);
    const closed = advance(first.after, [1, 3, 2 * MAX_ABOVE + 2]);
    assert.deepEqual(closed.fresh, [1, 3, 2 * MAX_ABOVE + 2]);
    assert.equal(closed.after.upto, 4);
    assert.deepEqual(closed.far, []);
  });
});
