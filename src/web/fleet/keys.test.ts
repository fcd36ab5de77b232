// SPDX-License-Identifier: Apache-2.0
// Keys of the console.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Keys } from "./keys.ts";
import { SECTIONS } from "./sections.ts";

const plain = (key: string) => ({ key, typing: false, modified: false });

describe("keys of the console", () => {
  it("go to each section, by a letter of its own", () => {
    const keys = new Keys();
    for (const { key, id } of SECTIONS) {
      assert.equal(keys.press(plain("g"), 0), undefined);
      assert.deepEqual(keys.press(plain(key), 10), { act: "go", section: id });
    }
    assert.equal(new Set(SECTIONS.map(({ key }) => key)).size, SECTIONS.length);
  });

  it("forget a sequence that was not gone on with", () => {
    const keys = new Keys();
    keys.press(plain("g"), 0);
    assert.equal(keys.press(plain("w"), 5_000), undefined);
    keys.press(plain("g"), 6_000);
    assert.equal(keys.press(plain("z"), 6_001), undefined);
    assert.deepEqual(keys.press(plain("?"), 6_002), { act: "help" });
  });

  it("leave fields alone, but for Escape, and what the browser means", () => {
    const keys = new Keys();
    assert.equal(keys.press({ key: "/", typing: true, modified: false }, 0), undefined);
    assert.deepEqual(keys.press({ key: "Escape", typing: true, modified: false }, 0), {
      act: "leave",
    });
    assert.equal(keys.press({ key: "f", typing: false, modified: true }, 0), undefined);
  });
});
