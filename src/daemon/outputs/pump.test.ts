// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { truncateSync } from "node:fs";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { eventually, type OutputPlace, openOutputPlace } from "../../../test/helpers/output-run.ts";
import { SinkError } from "./errors.ts";
import { Cursor } from "./journal/cursor.ts";
import { type EntryBody, ENTRY_KINDS } from "./journal/entry.ts";
import { Journal } from "./journal/journal.ts";
import { Pump, type PumpOptions } from "./pump.ts";
import type { Message, Sink } from "./sinks/sink.ts";

const MIB = 1024 * 1024;
let place: OutputPlace;
let journal: Journal;
let said: string[];

beforeEach(() => {
  place = openOutputPlace();
  journal = new Journal({ folder: place.kept, maxBytes: 2 * MIB });
  journal.keepFrom(() => 1);
  said = [];
});
afterEach(() => {
  journal.close();
  place.dispose();
});

function append(count: number, filler = 0): void {
  for (let at = 0; at < count; at++) {
    const body: EntryBody = {
      id: `run/lifecycle/${journal.next}`,
      time: new Date(0).toISOString(),
      kind: "lifecycle",
      lifecycle: { what: "notice", text: "x".repeat(filler) },
    };
    journal.append([{ body }]);
  }
}

/** Takes what it is given, until `fails` says otherwise. */
class Taker implements Sink {
  readonly target = "taker";
  readonly maxMessageBytes = 100_000;
  readonly got: number[] = [];
  fails = false;

  async send(messages: readonly Message[]): Promise<void> {
    if (this.fails) throw new SinkError("UNREACHABLE", "not now");
    this.got.push(...messages.map(({ entry }) => entry.seq));
  }

  async close(): Promise<void> {}
}

function start(sink: Sink, changes: Partial<PumpOptions> = {}): Pump {
  const options: PumpOptions = {
    name: "taker",
    kind: "test",
    journal,
    sink,
    format: (entry) => JSON.stringify(entry),
    kinds: new Set(ENTRY_KINDS),
    start: "oldest",
    onNotice: (text) => said.push(text),
    ...changes,
  };
  return new Pump(options, new Cursor(place.kept, "taker"));
}

describe("a pump", () => {
  it("begins a new output now or with the oldest entry, and an old one where it was", async () => {
    append(3);
    const late = new Taker();
    const pump = start(late, { start: "now" });
    append(1);
    await eventually(() => late.got.length === 1);
    await pump.close(0);
    append(2);
    const again = new Taker();
    const next = start(again);
    await eventually(() => again.got.length === 2);
    await next.close(0);
    assert.deepEqual([...late.got, ...again.got], [4, 5, 6]);
  });

  it("counts and says what was dropped because the journal was full, and goes on", async () => {
    const taker = new Taker();
    taker.fails = true;
    const pump = start(taker);
    append(60, 90_000);
    await eventually(() => pump.status().failures > 0);
    taker.fails = false;
    await eventually(() => pump.status().waiting === 0);
    await pump.close(0);
    const { dropped, error } = pump.status();
    assert.ok(dropped > 0);
    assert.equal(error, undefined);
    assert.equal(taker.got.length + dropped, 60);
    assert.equal(taker.got.at(-1), 60);
    assert.ok(said.some((text) => text.includes("entries of the journal are lost")));
    const after = start(new Taker());
    assert.equal(after.status().dropped, dropped, "it is kept for the next daemon");
    await after.close(0);
  });

  it("leaves out what is too long for its output, and says so", async () => {
    const taker = new Taker();
    const pump = start(taker);
    append(1);
    append(1, 200_000);
    append(1);
    await eventually(() => pump.status().waiting === 0);
    await pump.close(0);
    assert.deepEqual(taker.got, [1, 3]);
    assert.equal(pump.status().refused, 1);
    assert.match(said[0] ?? "", /1 record is left out \("longer than 100000 bytes"\)/);
  });

  it("lets the rest of the daemon have its turn between batches of which nothing is sent", async () => {
    journal.append(
      Array.from({ length: 4_000 }, (_, at) => ({
        body: { id: `run/lifecycle/${at + 1}`, time: new Date(0).toISOString(), kind: "lifecycle" },
      })),
    );
    const pump = start(new Taker(), { format: () => undefined });
    await turn();
    assert.ok(pump.status().waiting > 0);
    await eventually(() => pump.status().waiting === 0);
    await pump.close(0);
  });

  it("ends though its sink does not come back, and the next one sends what was under way", {
    timeout: 10_000,
  }, async () => {
    append(2);
    const stuck: Sink = {
      target: "stuck",
      maxMessageBytes: 1_000,
      send: () => new Promise(() => undefined),
      close: () => Promise.reject(new Error("can not be closed")),
    };
    await start(stuck).close(0);
    const taker = new Taker();
    const pump = start(taker);
    await eventually(() => taker.got.length === 2);
    await pump.close(0);
  });

  it("says that somebody has cut the journal, and neither hangs nor spins", async () => {
    append(3, 1_000);
    truncateSync(journal.segments[0]?.path ?? "", 0);
    const pump = start(new Taker());
    await eventually(() => pump.status().failures > 0);
    assert.match(pump.status().error ?? "", /shorter than they were/);
    await pump.close(0);
  });
});
