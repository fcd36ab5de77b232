// SPDX-License-Identifier: Apache-2.0
// Pages of a long list: what is looked at is asked for once, what is old is asked for again, and few are kept.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MAX_PAGES, PAGE_ROWS, type Part, PagesOfRows } from "./pages-of-rows.ts";

/** A list of numbers that answers when it is told to. */
class Asked {
  readonly offsets: number[] = [];
  readonly signals: AbortSignal[] = [];
  readonly #answers: (() => void)[] = [];
  total = 60_000;
  changes = 0;
  readonly pages: PagesOfRows<number> = new PagesOfRows(
    (offset, limit, signal) => this.#part(offset, limit, signal),
    () => {
      this.changes += 1;
    },
  );

  async answer(): Promise<void> {
    for (const one of this.#answers.splice(0)) one();
    await new Promise(setImmediate);
  }

  #part(offset: number, limit: number, signal: AbortSignal): Promise<Part<number>> {
    this.offsets.push(offset);
    this.signals.push(signal);
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(new Error("aborted")));
      const length = Math.min(limit, this.total - offset);
      const rows = Array.from({ length }, (_, at) => offset + at);
      this.#answers.push(() => resolve({ rows, total: this.total }));
    });
  }
}

describe("pages of rows", () => {
  it("asks once for what is looked at", async () => {
    const asked = new Asked();
    asked.pages.look(0, 40);
    asked.pages.look(10, 50);
    assert.deepEqual(asked.offsets, [0]);
    assert.equal(asked.pages.total, undefined);
    await asked.answer();
    assert.equal(asked.pages.total, 60_000);
    assert.equal(asked.pages.at(39), 39);
    asked.pages.look(PAGE_ROWS - 10, PAGE_ROWS + 10);
    assert.deepEqual(asked.offsets, [0, PAGE_ROWS]);
    assert.equal(asked.pages.at(PAGE_ROWS), undefined);
  });

  it("asks again for what was on its way when everything changed", async () => {
    const asked = new Asked();
    asked.pages.look(0, 40);
    asked.pages.refresh();
    assert.deepEqual(asked.offsets, [0]);
    await asked.answer();
    assert.equal(asked.pages.at(0), 0, "something is better than nothing");
    assert.deepEqual(asked.offsets, [0, 0]);
    await asked.answer();
    assert.deepEqual(asked.offsets, [0, 0]);
  });

  it("asks again for what was given up, when it comes into sight at once", async () => {
    const asked = new Asked();
    asked.pages.look(0, 40);
    asked.pages.look(30_000, 30_040);
    asked.pages.look(0, 40);
    assert.deepEqual(asked.offsets, [0, 30_000, 0]);
    await asked.answer();
    assert.equal(asked.pages.at(0), 0);
  });

  it("gives up what is out of sight before it came", async () => {
    const asked = new Asked();
    asked.pages.look(0, 40);
    asked.pages.look(30_000, 30_040);
    assert.equal(asked.signals[0]?.aborted, true);
    assert.equal(asked.signals[1]?.aborted, false);
    await asked.answer();
    assert.equal(asked.pages.at(30_020), 30_020);
    assert.equal(asked.pages.at(0), undefined);
    assert.equal(asked.pages.error, undefined);
  });

  it("asks again for what is in sight when it may have changed, and shows the old meanwhile", async () => {
    const asked = new Asked();
    asked.pages.look(0, 40);
    await asked.answer();
    asked.total = 3;
    asked.pages.refresh();
    assert.equal(asked.pages.at(39), 39);
    await asked.answer();
    assert.equal(asked.pages.total, 3);
    assert.equal(asked.pages.at(39), undefined);
    assert.deepEqual(asked.offsets, [0, 0]);
  });

  it("keeps few", async () => {
    const asked = new Asked();
    for (let page = 0; page < MAX_PAGES + 5; page++) {
      asked.pages.look(page * PAGE_ROWS, page * PAGE_ROWS + 1);
      await asked.answer();
    }
    assert.equal(asked.pages.at(0), undefined);
    assert.equal(asked.pages.at((MAX_PAGES + 4) * PAGE_ROWS), (MAX_PAGES + 4) * PAGE_ROWS);
    assert.equal(asked.pages.at(5 * PAGE_ROWS), 5 * PAGE_ROWS);
  });

  it("takes a newer row in the place of one that is there", async () => {
    const asked = new Asked();
    asked.pages.look(0, 40);
    await asked.answer();
    const before = asked.changes;
    assert.equal(
      asked.pages.replace((row) => row === 7, -7),
      true,
    );
    assert.equal(asked.pages.at(7), -7);
    assert.equal(
      asked.pages.replace((row) => row === 59_999, 1),
      false,
    );
    assert.equal(asked.changes, before + 1);
  });
});
