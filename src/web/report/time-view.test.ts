// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { duration, percent, shortPath } from "./format.ts";
import { ticks, TimeView } from "./time-view.ts";

describe("the time that is shown", () => {
  it("zooms around a point, moves, and never leaves the run", () => {
    let changes = 0;
    const view = new TimeView(1_000, () => {
      changes += 1;
    });
    view.zoom(2, 0.25);
    assert.deepEqual([view.from, view.to], [125, 625]);
    assert.equal(view.place(250), 25);
    view.move(10);
    assert.deepEqual([view.from, view.to], [500, 1_000]);
    view.zoom(0.001);
    assert.deepEqual([view.from, view.to], [0, 1_000]);
    view.zoom(1e12, 0);
    assert.ok(view.to > view.from);
    view.whole();
    assert.deepEqual([view.from, view.to], [0, 1_000]);
    assert.equal(changes, 5);
  });

  it("has round marks", () => {
    assert.deepEqual(ticks(0, 1_000), [0, 200, 400, 600, 800, 1_000]);
    assert.deepEqual(ticks(130, 190), [130, 140, 150, 160, 170, 180, 190]);
  });
});

describe("numbers for people", () => {
  it("has durations with the unit that fits", () => {
    const texts = [0.4, 99.96, 250, 4_560, 200_000, 7_500_000].map(duration);
    assert.deepEqual(texts, ["0.4 ms", "100.0 ms", "250 ms", "4.56 s", "3 min 20 s", "2 h 5 min"]);
  });

  it("has shares that are never nothing when they are something", () => {
    const texts = [0, 0.000_001, 0.000_31, 0.0123, 0.45, 1].map(percent);
    assert.deepEqual(texts, ["0 %", "less than 0.001 %", "0.031 %", "1.2 %", "45 %", "100 %"]);
  });

  it("shortens paths, but not quoted ones", () => {
    assert.deepEqual(["/bin/sh", "sh", '"a/ b"', "/"].map(shortPath), ["sh", "sh", '"a/ b"', "/"]);
  });
});
