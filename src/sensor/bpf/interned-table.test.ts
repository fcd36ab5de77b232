// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { noBpf } from "../../../test/helpers/bpf-programs.ts";
import { layOut } from "./interned-layout.ts";
import { ENTRIES_A_BUCKET, InternedTable } from "./interned-table.ts";
import { BUCKET, ENTRY, Limit } from "./layout.gen.ts";

const COUNT_MASK = (1n << BigInt(Limit.countBits)) - 1n;

describe("the layout of a table", () => {
  it("gives each key one of its buckets, and no bucket more than it holds", () => {
    const buckets = 50;
    const bucket = fc.integer({ min: 0, max: buckets - 1 });
    const keys = fc.array(fc.tuple(bucket, bucket), { maxLength: 190 });
    fc.assert(
      fc.property(keys, (choices) => {
        const places = layOut(choices.length, buckets, (key) => choices[key] ?? [0, 0]);
        if (places === undefined) return;
        const fill = new Array<number>(buckets).fill(0);
        for (const [key, place] of places.entries()) {
          assert.ok(choices[key]?.includes(place));
          fill[place] = (fill[place] ?? 0) + 1;
        }
        assert.ok(fill.every((count) => count <= ENTRIES_A_BUCKET));
      }),
    );
  });

  it("finds room for a key behind several that have to move", () => {
    // four that can only be in 0, four in 0 or 1, one in 1 or 2: the last of 0 pushes those of 1, which push the one to 2
    const only = Array.from({ length: 4 }, () => [0, 0] as const);
    const either = Array.from({ length: 4 }, () => [0, 1] as const);
    const choices = [...either, [1, 2] as const, ...only];
    const places = layOut(choices.length, 3, (key) => choices[key] ?? [0, 0]);
    assert.deepEqual([...(places ?? [])].sort(), [0, 0, 0, 0, 1, 1, 1, 1, 2]);
  });

  it("says when there is no room", () => {
    assert.equal(
      layOut(ENTRIES_A_BUCKET + 1, 4, () => [2, 2]),
      undefined,
    );
  });
});

describe("a table", { skip: noBpf ?? false }, () => {
  it("moves large counts out before they touch what is above them", (t) => {
    const table = new InternedTable(1);
    const memory = table.map.mapElements();
    t.after(() => {
      memory.close();
      table.close();
    });
    const key = Uint32Array.of(1, 2, 3, 4);
    const next = 0xabcdef;
    table.put(0, 0, key, next);
    table.put(0, 1, Uint32Array.of(5, 6, 7, 8), 0);
    // element 0 is the head, the first entry follows
    const words = new BigUint64Array(memory.memory);
    const first = (BUCKET.bytes + ENTRY.at.word) / 8;
    const second = first + ENTRY.bytes / 8;
    Atomics.add(words, first, COUNT_MASK);
    Atomics.add(words, second, 6n);
    const sums = new BigUint64Array(2);
    table.relieve(7n, sums);
    assert.deepEqual([...sums], [COUNT_MASK, 0n]);
    assert.equal(Atomics.load(words, first), BigInt(next) << BigInt(Limit.countBits));
    Atomics.add(words, first, 2n);
    table.addCounts(sums);
    assert.deepEqual([...sums], [COUNT_MASK + 2n, 6n]);
  });
});
