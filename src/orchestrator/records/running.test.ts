// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { createRun } from "../state-dir.ts";
import { RunningRuns } from "./running.ts";

const root = mkdtempSync(join(tmpdir(), "galgo-running-"));
after(() => rmSync(root, { recursive: true, force: true }));

const NOW = new Date().toISOString();
/** Larger than any pid of Linux. */
const NOBODY = 4_194_305;

function made(name: string, parts: object): string {
  const run = createRun(root, name, new Date());
  const record = {
    ...{ apiVersion: "galgo.dev/v1", kind: "Run", name, runId: run.runId, command: ["true"] },
    ...{ status: "running", galgoPid: process.pid, started: NOW, ...parts },
  };
  writeFileSync(run.run, JSON.stringify(record));
  return run.runId;
}

function names(runs: RunningRuns, known?: ReadonlySet<string>): string[] {
  return runs.list(known).map(({ directory }) => directory.name);
}

describe("runs that go on", () => {
  const goesOn = made("goes-on", {});
  made("finished", { status: "finished" });
  made("killed", { galgoPid: NOBODY });
  made("older-than-its-process", { started: "2020-01-01T00:00:00Z" });
  made("of-a-stranger", { command: "not a list" });
  writeFileSync(createRun(root, "no-json", new Date()).run, "{");
  createRun(root, "begins-just-now", new Date());

  it("are those whose Galgo lives", () => {
    const runs = new RunningRuns(root);
    assert.deepEqual(names(runs), ["goes-on"]);
    assert.deepEqual(names(runs), ["goes-on"]);
    assert.deepEqual(names(runs, new Set([goesOn])), []);
  });

  it("are seen to begin and to end", () => {
    const runs = new RunningRuns(root);
    assert.deepEqual(names(runs), ["goes-on"]);
    made("another", {});
    assert.deepEqual(names(runs).toSorted(), ["another", "goes-on"]);
    const [another] = runs.list(new Set([goesOn]));
    assert.ok(another);
    const text = readFileSync(another.directory.run, "utf8");
    writeFileSync(another.directory.run, text.replace('"running"', '"finished"'));
    assert.deepEqual(names(runs), ["goes-on"]);
  });

  it("are also those that another Galgo goes on with", () => {
    const runs = new RunningRuns(root);
    const left = made("left", { started: "2020-01-01T00:00:00Z", galgoPid: NOBODY });
    assert.ok(!names(runs).includes("left"));
    const file = join(root, "left", left, "run.json");
    const record = JSON.parse(readFileSync(file, "utf8"));
    const resumed = { ...record, galgoPid: process.pid, adopted: [{ at: NOW }] };
    writeFileSync(file, JSON.stringify(resumed));
    assert.ok(names(runs).includes("left"));
    writeFileSync(file, JSON.stringify({ ...resumed, status: "finished" }));
    assert.ok(!names(runs).includes("left"));
  });

  it("tell their violations so far, by the last whole line", () => {
    const [run] = new RunningRuns(root).list();
    assert.equal(run?.violations, 0);
    assert.ok(run);
    const line = (number: number, kind: string): string =>
      `{"event": {}, "galgo": {"kind":"${kind}","number":${number},"decision":"denied"}}`;
    const lines = [
      line(1, "violation"),
      line(2, "violation"),
      line(2, "refused"),
      '{"no": "mark"}',
    ];
    writeFileSync(
      run.directory.forensics,
      `${lines.join("\n")}\n${line(3, "violation").slice(0, -9)}`,
    );
    assert.equal(new RunningRuns(root).list()[0]?.violations, 2);
  });

  it("are none where there is no state directory", () => {
    assert.deepEqual(new RunningRuns(join(root, "nothing")).list(), []);
  });
});
