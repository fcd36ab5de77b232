// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openLine, TASK_ID } from "../../../test/helpers/tsem-lines.ts";
import { readTsemRecord } from "./read.ts";
import { ownText, TextCache } from "./text-cache.ts";

describe("a cache of texts", () => {
  it("gives a value for the same text only", () => {
    const cache = new TextCache<number>();
    cache.set("xxabcxx", 2, 5, 1);
    assert.equal(cache.get("abc", 0, 3), 1);
    assert.equal(cache.get("abd", 0, 3), undefined);
    assert.equal(cache.get("xabcd", 1, 5), undefined);
  });

  it("forgets, and keeps no long texts", () => {
    const cache = new TextCache<number>();
    const texts = Array.from({ length: 20_000 }, (_, i) => `text ${i}`);
    for (const [i, text] of texts.entries()) cache.set(text, 0, text.length, i);
    const kept = texts.filter((text, i) => cache.get(text, 0, text.length) === i);
    assert.ok(kept.length > 0 && kept.length <= 4096, String(kept.length));
    const long = "x".repeat(1025);
    cache.set(long, 0, long.length, 1);
    assert.equal(cache.get(long, 0, long.length), undefined);
  });

  it("keeps any text as it is", () => {
    for (const text of ["", 'a"\\', "\udc80", "\u2028\n"]) assert.equal(ownText(text), text);
  });

  it("mixes no actors up", () => {
    const other = "7b".repeat(32);
    for (let i = 0; i < 3; i++) {
      for (const [process, task] of [
        ["bash", TASK_ID],
        ["dash", TASK_ID],
        ["bash", other],
        [`long ${"x".repeat(2000)}`, other],
      ] as const) {
        const record = readTsemRecord(openLine("/x", { process }).replace(TASK_ID, task));
        assert.ok(record.kind === "event");
        assert.deepEqual([record.event.process, record.event.task.taskId], [process, task]);
      }
    }
  });
});
