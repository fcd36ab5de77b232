// SPDX-License-Identifier: Apache-2.0
// kill -9 of whoever journals and sends: every record that stands in a run's files arrives, and what arrives twice has the same id.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Entry } from "../../src/daemon/outputs/journal/entry.ts";
import { outputsPart } from "../../src/daemon/outputs/part.ts";
import { openRun } from "../../src/orchestrator/state-dir.ts";
import { DaemonPlace } from "../helpers/daemon-place.ts";
import type { ChildOrder } from "../helpers/output-child.ts";
import { FakeRun, IDENTITY, openOutputPlace } from "../helpers/output-run.ts";
import { isRunning, until } from "../helpers/workloads.ts";

const children = new Set<ChildProcess>();

/** Starts a helper and waits for its first line. */
async function start(helper: string, args: readonly string[]) {
  const script = fileURLToPath(new URL(`../helpers/${helper}`, import.meta.url));
  const child = spawn(process.execPath, ["--import", import.meta.resolve("tsx"), script, ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  children.add(child);
  child.once("exit", () => children.delete(child));
  const lines = createInterface(child.stdout);
  const [line] = (await once(lines, "line")) as [string];
  return { child, lines, line };
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const gone = once(child, "exit");
  child.kill(signal);
  await gone;
}

function entriesIn(path: string): Entry[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.slice(0, -1).map((line) => JSON.parse(line) as Entry);
}

function linesOf(path: string): number {
  return readFileSync(path, "utf8").split("\n").length - 1;
}

describe("a kill -9", () => {
  const place = openOutputPlace();
  const daemonPlace = new DaemonPlace();
  after(() => {
    for (const child of children) child.kill("SIGKILL");
    place.dispose();
    daemonPlace.remove();
  });

  it("at any moment loses no record and makes none that can not be told from another", async () => {
    const run = new FakeRun(place.folder).learns(IDENTITY);
    const path = join(place.folder, "out.jsonl");
    const order: ChildOrder = {
      folder: place.kept,
      path,
      runs: [{ directory: run.directory, workload: run.workload }],
    };
    // loading takes seconds: at once
    const args = [JSON.stringify(order)];
    const loaded = await Promise.all([0, 1, 2].map(() => start("output-child.ts", args)));
    const next = async (): Promise<ChildProcess> => {
      const { child, lines } = loaded.shift() ?? assert.fail();
      const open = once(lines, "line");
      child.stdin.write("open\n");
      await open;
      return child;
    };
    let written = 0;
    for (const wait of [5, 200]) {
      const child = await next();
      run.learnsMany(written, 4_000);
      written += 4_000;
      await pause(wait);
      await ended(child, "SIGKILL");
      run.learnsMany(written, 500);
      written += 500;
    }
    const child = await next();
    run.ends();
    await ended(child, "SIGTERM");
    const entries = entriesIn(path);
    const records = new Map<string, string>();
    for (const { id, kind, record } of entries) {
      if (kind !== "trajectory") continue;
      const text = JSON.stringify(record);
      assert.equal(records.get(id) ?? text, text, `${id} is always the same record`);
      records.set(id, text);
    }
    assert.equal(records.size, written + 1);
    assert.equal(new Set(records.values()).size, written + 1);
    assert.equal(entries.at(-1)?.lifecycle?.what, "daemon-ended");
    console.log(`# ${records.size} records, 2 kills, ${entries.length} entries sent`);
  });

  it("of a daemon under load is told of each workload, behind all of its records", async () => {
    const path = join(daemonPlace.folder, "out.jsonl");
    daemonPlace.configure(`[[output]]\nkind = "file"\npath = "${path}"\n`);
    const script =
      "exec 2>/dev/null; for f in /usr/include/*.h /usr/include/*/*.h /usr/share/doc/*/copyright; do read x < $f; done; sleep 100";
    const { child, line } = await start("loaded-daemon.ts", [daemonPlace.folder, "3", script]);
    const { pids } = JSON.parse(line) as { pids: number[] };
    await until("some records have been sent", () => existsSync(path) && linesOf(path) > 100);
    await ended(child, "SIGKILL");
    await until("no workload is left", () => !pids.some(isRunning));
    const daemon = await daemonPlace.start({
      configFile: daemonPlace.config,
      parts: [outputsPart],
    });
    await daemon.stop("seen");
    const entries = entriesIn(path);
    for (const name of ["loop-0", "loop-1", "loop-2"]) {
      const { runId, trajectory } = openRun(daemonPlace.state, name);
      const mine = entries.filter(({ workload }) => workload?.run === runId);
      const records = mine.filter(({ kind }) => kind === "trajectory");
      assert.equal(new Set(records.map(({ id }) => id)).size, linesOf(trajectory));
      assert.equal(mine[0]?.lifecycle?.what, "started");
      assert.equal(mine.at(-1)?.lifecycle?.what, "failed");
      assert.match(mine.at(-1)?.lifecycle?.text ?? "", /the daemon \(pid \d+\) ended while it ran/);
    }
    const starts = entries.filter(({ lifecycle }) => lifecycle?.what === "daemon-started");
    assert.match(starts[1]?.lifecycle?.text ?? "", /ended without word and had 3 workloads/);
  });
});
