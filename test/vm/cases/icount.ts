// SPDX-License-Identifier: Apache-2.0
// Counting instructions: the figures that benches rely on repeat.
import assert from "node:assert/strict";
import type { GuestCase } from "../lib/case.ts";
import { bootToCount, countInstructions } from "../lib/icount.ts";

/** Those that no other process has a part in. */
const EXACT = ["nothing", "open+close", "stat", "read", "socket+close"];
/** Allocators and hash tables are not always in the same state. */
const TOLERANCE = 0.01;

export const icount: readonly GuestCase[] = [
  {
    name: "instruction counts repeat",
    on: { "6.12": "quick" },
    run: async () => {
      await using guest = await bootToCount("6.12");
      const count = () => countInstructions(guest, { operations: EXACT, loops: 500 });
      const first = await count();
      assert.deepEqual([...first.keys()], EXACT);
      for (const [name, { median }] of await count()) {
        const before = first.get(name)?.median ?? 0;
        assert.ok(Math.abs(median - before) <= before * TOLERANCE, `${name}: ${before}, ${median}`);
      }
      // reading the counter twice is some instructions, a system call many more
      assert.ok((first.get("nothing")?.median ?? 0) < 20);
      assert.ok((first.get("read")?.least ?? 0) > 200);
    },
  },
];
