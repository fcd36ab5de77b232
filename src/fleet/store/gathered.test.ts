// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { gathered } from "./gathered.ts";

describe("gathered questions", () => {
  it("are asked together while one is under way, each with its own answer", async () => {
    const asked: (readonly number[])[] = [];
    let open: () => void = () => undefined;
    const gate = new Promise<void>((done) => {
      open = done;
    });
    const double = gathered(async (keys: readonly number[]) => {
      asked.push(keys);
      await gate;
      return keys.map((key) => 2 * key);
    });
    const first = [double(1), double(2)];
    await new Promise(setImmediate);
    const later = Array.from({ length: 501 }, (_, i) => double(3 + i));
    open();
    assert.deepEqual(await Promise.all(first), [2, 4]);
    const values = await Promise.all(later);
    assert.deepEqual([values[0], values[500]], [6, 1_006]);
    assert.deepEqual(
      asked.map(({ length }) => length),
      [2, 500, 1],
    );
  });

  it("that fail, fail for those who asked, and no others", async () => {
    let isDown = true;
    const ask = gathered(async (keys: readonly string[]) => {
      if (isDown) throw new Error("gone");
      return keys;
    });
    await assert.rejects(ask("a"), /gone/);
    isDown = false;
    assert.equal(await ask("b"), "b");
    const short = gathered(async () => []);
    await assert.rejects(short("c"), /not an answer for each key/);
  });
});
