// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { instantOf, type InstantWriterWork } from "../../../test/helpers/instant-writer.ts";
import { startThread } from "../../native/start-thread.ts";
import { InstantReader, InstantWriter, newInstantWords } from "./instant.ts";

const FRESH = { events: 0, points: 0, violations: 0, refused: 0, lost: 0, sealed: false };
const INSTANTS = 300_000;

describe("an instant", () => {
  it("is the last one that was published, with counts beyond 32 bits", () => {
    const memory = newInstantWords();
    const [writer, reader] = [new InstantWriter(memory), new InstantReader(memory)];
    assert.deepEqual(reader.latest(), FRESH);
    for (const events of [1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 52 + 5]) {
      const now = { events, points: 7, violations: events - 1, refused: 0, lost: 1, sealed: true };
      Object.assign(writer, now);
      assert.notDeepEqual(reader.latest(), now);
      writer.publish();
      assert.deepEqual(reader.latest(), now);
    }
    Object.assign(writer, FRESH);
    writer.publish();
    assert.deepEqual(reader.latest(), FRESH);
  });

  it("has the number of events, when nothing else changes, up and down and beyond 32 bits", () => {
    const memory = newInstantWords();
    const [writer, reader] = [new InstantWriter(memory), new InstantReader(memory)];
    for (const events of [1, 2, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 7, 9, 2 ** 33 + 9, 2 ** 33 + 10]) {
      writer.events = events;
      writer.publish();
      assert.equal(reader.latest().events, events);
    }
  });

  it("has the values of the model with it, whatever their digest", () => {
    const memory = newInstantWords();
    const [writer, reader] = [new InstantWriter(memory), new InstantReader(memory)];
    for (const digits of [64, 128, 64]) {
      const [aggregate, base] = ["0123456789abcdef", "fedcba9876543210"].map((part) =>
        part.repeat(digits / 16),
      );
      writer.aggregated(aggregate ?? "");
      writer.based(base ?? "");
      assert.deepEqual(reader.latest(), { ...FRESH, aggregate, base });
    }
  });

  it("is whole, whatever another thread publishes meanwhile", async () => {
    const memory = newInstantWords();
    const reader = new InstantReader(memory);
    const module = new URL("../../../test/helpers/instant-writer.ts", import.meta.url);
    const work: InstantWriterWork = { memory, instants: INSTANTS };
    const thread = startThread(module, { workerData: work });
    let status: number | undefined;
    const ended = once(thread, "exit").then(([code]) => {
      status = Number(code);
    });
    let last = 0;
    let seen = 0;
    while (last < INSTANTS && status === undefined) {
      const instant = reader.latest();
      if (instant.points === last) {
        await turn();
        continue;
      }
      assert.ok(instant.points > last, "it never goes back");
      assert.deepEqual(instant, instantOf(instant.points));
      last = instant.points;
      seen += 1;
    }
    await ended;
    assert.equal(status, 0);
    assert.deepEqual(await reader.read((instant) => instant), instantOf(INSTANTS));
    assert.ok(seen > 1, `${seen} different ones were seen`);
  });

  it("is not made up when the writer has died halfway; what is shown then is the one before", async () => {
    const memory = newInstantWords();
    const [writer, reader] = [new InstantWriter(memory), new InstantReader(memory)];
    writer.events = 1;
    writer.publish();
    const seen = reader.latest();
    writer.events = 2;
    writer.publish();
    const words = new Int32Array(memory);
    words[0] = (words[0] ?? 0) + 1;
    assert.deepEqual(reader.latest(), seen);
    await assert.rejects(
      reader.read(() => assert.fail("it was read")),
      { code: "HALF_WRITTEN" },
    );
  });
});
