// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Heartbeat, newHeartbeatBuffer, readHooks, readLatency, readPulse } from "./heartbeat.ts";
import { LatencyHistogram } from "./namespace/latency.ts";
import { Losses } from "./namespace/losses.ts";
import { MAX_LOSS_REASONS } from "./limits.ts";
import { createJudge, startWatchdog } from "./watchdog.ts";

const SECOND = 1_000_000_000n;

describe("the heartbeat", () => {
  it("shows what the worker's side did", () => {
    const buffer = newHeartbeatBuffer();
    const heart = new Heartbeat(buffer);
    heart.busy(7n);
    heart.event();
    heart.event("file_open");
    heart.extended();
    heart.latency.add(2_000);
    heart.violation();
    heart.lost();
    heart.refused();
    heart.refused();
    heart.advanced(5);
    assert.deepEqual(readPulse(buffer), {
      busySince: 7n,
      progress: 5n,
      events: 2n,
      violations: 1n,
      lost: 1n,
      refused: 2n,
      extended: 1n,
      sealed: false,
    });
    assert.deepEqual([...readHooks(buffer)], [["file_open", 1]]);
    const { count, maxUs, sumUs } = readLatency(buffer);
    assert.deepEqual([count, maxUs, sumUs], [1, 2, 2]);
    heart.sealed();
    assert.equal(readPulse(buffer).sealed, true);
    heart.idle();
    assert.equal(readPulse(buffer).busySince, 0n);
  });
});

describe("the watchdog's judge", () => {
  const quiet = {
    busySince: 0n,
    progress: 0n,
    events: 0n,
    violations: 0n,
    lost: 0n,
    refused: 0n,
    extended: 0n,
    sealed: false,
  };

  it("never complains while nothing is held", () => {
    const judge = createJudge(1_000);
    assert.equal(judge(quiet, 100n * SECOND), undefined);
    assert.equal(judge(quiet, 200n * SECOND), undefined);
  });

  it("complains once one event is held longer than the deadline", () => {
    const judge = createJudge(1_000);
    const held = { ...quiet, busySince: 10n * SECOND };
    assert.equal(judge(held, 10n * SECOND + 1n), undefined);
    assert.equal(judge(held, 11n * SECOND), undefined);
    assert.equal(judge(held, 12n * SECOND), 2_000);
  });

  it("starts again with the next event", () => {
    const judge = createJudge(1_000);
    assert.equal(judge({ ...quiet, busySince: 10n * SECOND }, 10n * SECOND), undefined);
    assert.equal(judge({ ...quiet, busySince: 12n * SECOND }, 12n * SECOND), undefined);
  });

  it("is patient while long work advances, and tells the whole time when it stops", () => {
    const judge = createJudge(1_000);
    const at = (second: bigint, progress: bigint) =>
      judge({ ...quiet, busySince: SECOND, progress }, second * SECOND);
    assert.equal(at(1n, 0n), undefined);
    assert.equal(at(2n, 10n), undefined);
    assert.equal(at(3n, 20n), undefined);
    assert.equal(at(4n, 20n), undefined);
    assert.equal(at(5n, 20n), 4_000);
  });

  it("calls once, from its timer", async () => {
    const buffer = newHeartbeatBuffer();
    new Heartbeat(buffer).busy(process.hrtime.bigint() - 60n * SECOND);
    // the watchdog's own timer does not keep the process alive
    const alive = setInterval(() => undefined, 1_000);
    const held = await new Promise<number>((resolve) => {
      startWatchdog({ heartbeat: buffer, deadlineMs: 20, onLate: resolve });
    });
    clearInterval(alive);
    assert.ok(held >= 60_000);
  });
});

describe("the latency histogram", () => {
  it("is within 7 % of the truth", () => {
    const histogram = new LatencyHistogram();
    for (let us = 1; us <= 1_000; us += 1) histogram.add(us * 1_000);
    const { count, medianUs, p99Us, maxUs } = histogram.summary();
    assert.equal(count, 1_000);
    assert.ok(Math.abs(medianUs - 500) / 500 < 0.07, String(medianUs));
    assert.ok(Math.abs(p99Us - 990) / 990 < 0.07, String(p99Us));
    assert.equal(maxUs, 1_000);
  });

  it("survives nothing, zero and ages", () => {
    const histogram = new LatencyHistogram();
    assert.deepEqual(histogram.summary(), {
      count: 0,
      medianUs: 0,
      p99Us: 0,
      maxUs: 0,
      histogram: [],
    });
    for (const ns of [0, 0.5, 1e15]) histogram.add(ns);
    assert.equal(histogram.summary().count, 3);
  });
});

describe("losses", () => {
  it("are all counted, with a bounded list of reasons", () => {
    const losses = new Losses();
    for (let n = 0; n < MAX_LOSS_REASONS + 10; n += 1) losses.add(`reason ${n}`, "detail");
    losses.add("reason 0", "another detail");
    assert.equal(losses.count, MAX_LOSS_REASONS + 11);
    assert.equal(losses.list().length, MAX_LOSS_REASONS + 1);
    assert.deepEqual(losses.list()[0], { reason: "reason 0", count: 2, example: "detail" });
    assert.equal(
      losses.list().reduce((sum, { count }) => sum + count, 0),
      losses.count,
    );
  });
});
