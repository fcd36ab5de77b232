// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { MessageChannel } from "node:worker_threads";
import { aFile, anEvent } from "../../../test/helpers/events.ts";
import { readTsemRecord, writeRecord } from "../../event/index.ts";
import { BUILTIN_PROFILES } from "../../model/runtime/index.ts";
import { createTma } from "../../tma/index.ts";
import type { TmaSpec } from "../../tma/index.ts";
import { Heartbeat, newHeartbeatBuffer } from "../heartbeat.ts";
import { SHARED_POINTS } from "./limits.ts";
import { newInstantWords } from "./instant.ts";
import { createMirror } from "./mirror.ts";
import { newSharedWords, SharedPointsReader, SharedPointsWriter } from "./shared-points.ts";

const SPEC: TmaSpec = {
  mapping: "tsem-v4",
  digest: "sha256",
  profile: BUILTIN_PROFILES.exact,
  aggregate: "ab".repeat(32),
  base: "cd".repeat(32),
  points: ["01".repeat(32), "02".repeat(32), "01".repeat(32)],
  pseudonyms: [],
  sealed: false,
};

function ends(t: TestContext, size: number) {
  const [words, instant] = [newSharedWords(), newInstantWords()];
  const { port1, port2 } = new MessageChannel();
  const reader = new SharedPointsReader({ words, instant, port: port1, size });
  t.after(() => reader.close());
  return { reader, writer: new SharedPointsWriter({ words, instant, port: port2, size }) };
}

function bench(t: TestContext, spec: TmaSpec) {
  const { reader, writer } = ends(t, spec.digest === "sha512" ? 64 : 32);
  const agent = createTma(spec, writer);
  const folder = mkdtempSync(join(tmpdir(), "galgo-mirror-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const buffer = newHeartbeatBuffer();
  const mirror = createMirror({
    tma: spec,
    points: reader,
    heartbeat: buffer,
    trajectory: join(folder, "trajectory.jsonl"),
    forensics: join(folder, "forensics.jsonl"),
  });
  return { agent, mirror, writer, folder, heartbeat: new Heartbeat(buffer) };
}

const open = (name: string) => anEvent("file_open", { file: aFile(`/${name}`) });

describe("points in shared memory", () => {
  it("are read as they were written, over several pieces", (t) => {
    const { reader, writer } = ends(t, 32);
    const total = 2 * SHARED_POINTS + 3;
    const hex = (index: number): string => index.toString(16).padStart(64, "0");
    for (let index = 0; index < total; index += 1)
      writer.added(index, { coefficient: hex(index), count: 1, valid: index % 3 !== 0 });
    writer.counted(SHARED_POINTS, 2 ** 40);
    const points = reader.points();
    assert.equal(points.length, total);
    for (const [index, { coefficient, valid }] of points.entries())
      assert.deepEqual([coefficient, valid], [hex(index), index % 3 !== 0]);
    assert.equal(points[SHARED_POINTS]?.count, 2 ** 40);
    assert.equal(points[SHARED_POINTS + 1]?.count, 1);
  });
});

describe("the mirror of a namespace", () => {
  for (const digest of ["sha256", "sha512"] as const) {
    it(`has the points, measurement and state of the agent at any time (${digest})`, (t) => {
      const long = digest === "sha512" ? 2 : 1;
      const spec: TmaSpec = {
        ...SPEC,
        digest,
        aggregate: "ab".repeat(32 * long),
        base: "cd".repeat(32 * long),
        points: SPEC.points.map((point) => point.repeat(long)),
      };
      const { agent, mirror, writer } = bench(t, spec);
      assert.equal(mirror.aggregate(), spec.aggregate);
      for (const name of ["a", "b", "a", "c", "a"]) {
        if (name === "c") agent.seal();
        agent.assess(open(name));
        writer.instant.publish();
        assert.deepEqual(mirror.points(), agent.points());
        assert.equal(mirror.measurement(), agent.measurement());
        assert.equal(mirror.state(), agent.state());
      }
      assert.equal(mirror.points().at(-1)?.valid, false);
    });
  }

  it("of an agent that has seen nothing has its values, too", async (t) => {
    const { aggregate: _aggregate, base: _base, ...rest } = SPEC;
    const { agent, mirror, writer } = bench(t, { ...rest, points: [] });
    assert.equal(mirror.measurement(), agent.measurement());
    assert.equal(mirror.state(), agent.state());
    assert.equal(mirror.aggregate(), "0".repeat(64));
    assert.equal((await mirror.trajectory()).count, 0);
    agent.assess(open("a"));
    writer.instant.publish();
    assert.equal(mirror.measurement(), agent.measurement());
  });

  it("takes the platform's aggregate, whenever it comes", (t) => {
    const { agent, mirror, writer } = bench(t, { ...SPEC, points: [] });
    agent.assess(open("a"));
    writer.instant.publish();
    assert.equal(mirror.measurement(), agent.measurement());
    agent.setAggregate("ef".repeat(32));
    agent.assess(open("b"));
    writer.instant.publish();
    assert.equal(mirror.aggregate(), "ef".repeat(32));
    assert.equal(mirror.measurement(), agent.measurement());
    assert.equal(mirror.state(), agent.state());
  });

  it("seals at once while nothing is in hand, else when that has been answered", async (t) => {
    const { mirror, writer, heartbeat } = bench(t, SPEC);
    assert.equal(writer.sealWanted, false);
    heartbeat.busy(5n);
    let sealed = false;
    const sealing = mirror.seal().then(() => {
      sealed = true;
    });
    assert.equal(writer.sealWanted, true);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(sealed, false);
    // the next event follows so closely that nobody saw the pause between
    heartbeat.busy(6n);
    await sealing;
    heartbeat.idle();
    await mirror.seal();
    assert.ok(mirror.sealedAt !== undefined);
  });

  it("gives up sealing when the run ends in the middle of an event", async (t) => {
    const { mirror, heartbeat } = bench(t, SPEC);
    heartbeat.busy(5n);
    const sealing = mirror.seal();
    mirror.close();
    await assert.rejects(sealing, /the run has ended/);
  });

  it("tells records by what they are, and only as many as there were", async (t) => {
    const { mirror, folder } = bench(t, SPEC);
    const identity = '{"event": {"type": "bprm_committed_creds"}}';
    const event = { ...open("a"), process: '"type": "bprm_committed_creds"' };
    const known = writeRecord(event);
    const trajectory = join(folder, "trajectory.jsonl");
    writeFileSync(trajectory, `${identity}\n${known}\n`);
    const records = await mirror.trajectory();
    writeFileSync(trajectory, `${identity}\n${known}\n{"later": 1}\n`);
    assert.equal(records.count, 1);
    const [line = "", more] = [...records.lines()];
    assert.equal(more, undefined);
    const read = readTsemRecord(line);
    assert.ok("event" in read && read.event !== undefined);
    assert.equal(writeRecord(read.event), known);
    const marked = (kind: string): string =>
      `{"of": "${kind}", "galgo": {"kind":"${kind}","number":1,"decision":"denied"}}`;
    writeFileSync(
      join(folder, "forensics.jsonl"),
      `${identity}\n${marked("violation")}\n${marked("refused")}\n`,
    );
    assert.deepEqual([...(await mirror.forensics()).lines()], ['{"of": "violation"}']);
    assert.deepEqual([...(await mirror.events()).lines()], ['{"of": "refused"}']);
  });
});
