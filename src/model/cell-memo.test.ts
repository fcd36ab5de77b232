// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { anyEvent } from "../../test/helpers/any-event.ts";
import { aFile, anEvent } from "../../test/helpers/events.ts";
import { SHA256 } from "../../test/helpers/test-hasher.ts";
import { CellMemo } from "./cell-memo.ts";
import { MAX_REMEMBERED } from "./limits.ts";
import { createMapper } from "./mapper.ts";

const REMEMBERING = {
  ...SHA256,
  key: (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1"),
};

describe("a mapper that remembers coefficients", () => {
  it("gives the same ones as a mapper that does not, again and again", () => {
    const remembering = createMapper(REMEMBERING);
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 20 }), (events) => {
        const plain = createMapper(SHA256);
        for (const e of [...events, ...events]) {
          if (e.hook === "bprm_committed_creds") continue;
          assert.equal(remembering.coefficient(e), plain.coefficient(e));
        }
      }),
      { numRuns: 300 },
    );
  });

  it("starts again when it is full, and stays right", () => {
    const remembering = createMapper(REMEMBERING);
    const plain = createMapper(SHA256);
    const open = (i: number) => anEvent("file_open", { file: aFile(`/f${i}`) });
    for (let i = 0; i < MAX_REMEMBERED + 10; i++) remembering.coefficient(open(i));
    for (const i of [0, 5, MAX_REMEMBERED - 1, MAX_REMEMBERED + 9])
      assert.equal(remembering.coefficient(open(i)), plain.coefficient(open(i)));
  });

  it("tells actors apart that do the same", () => {
    const memo = new CellMemo();
    const [a, b] = [
      { taskId: "a", pTaskId: "b" },
      { taskId: "a", pTaskId: "c" },
    ];
    memo.set(memo.cellsOf("file_open", a, "x"), "cell", "1");
    assert.equal(memo.cellsOf("file_open", a, "x").get("cell"), "1");
    assert.equal(memo.cellsOf("file_open", b, "x").get("cell"), undefined);
    assert.equal(memo.cellsOf("file_open", a, "y").get("cell"), undefined);
    assert.equal(memo.cellsOf("mmap_file", a, "x").get("cell"), undefined);
  });
});
