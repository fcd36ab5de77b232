// SPDX-License-Identifier: Apache-2.0
// A daemon with outputs: what its workloads do arrives in them, /metrics tells of it, and the dashboard asks for nothing that /metrics does not have.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { DaemonClient } from "../../src/daemon/client/index.ts";
import { type Daemon, daemonHost, startDaemon } from "../../src/daemon/index.ts";
import type { Entry } from "../../src/daemon/outputs/journal/entry.ts";
import { PARTS } from "../../src/daemon/parts.ts";
import { BUILTIN_PROFILES } from "../../src/model/index.ts";
import { validatorOf } from "../helpers/json-schema.ts";
import { eventually } from "../helpers/output-run.ts";
import { freePort } from "../helpers/ports.ts";

const folder = mkdtempSync(join(tmpdir(), "galgo-out-daemon-"));
const lines = join(folder, "events.jsonl");
const events = join(folder, "ocsf.jsonl");
const config = join(folder, "daemon.toml");
const told: string[] = [];
let daemon: Daemon;
let client: DaemonClient;

function start(): Promise<Daemon> {
  return startDaemon({
    version: "1.2.3",
    env: { ...process.env, GALGO_RUN_DIR: join(folder, "run") },
    uid: process.getuid?.() ?? -1,
    stateRoot: join(folder, "state"),
    configFile: config,
    parts: PARTS,
    tell: (_, text) => told.push(text),
  });
}

before(async () => {
  writeFileSync(config, `[[output]]\nkind = "file"\npath = "${lines}"\n`);
  daemon = await start();
  client = new DaemonClient(daemon.sockets.api);
});

after(async () => {
  await daemon.stop("the test is over");
  rmSync(folder, { recursive: true, force: true });
});

function read(path: string): Entry[] {
  const text = readFileSync(path, "utf8");
  return text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Entry]));
}

async function runWorkload(command: readonly string[], name: string): Promise<string> {
  const run = daemon.registry.start({
    request: {
      command,
      name,
      mode: "free",
      onViolation: "observe",
      rules: { mapping: "tsem-v4", digest: "sha256", profile: BUILTIN_PROFILES.portable },
      stateRoot: join(folder, "state"),
      cwd: "/",
      env: process.env,
      deadlineMs: 10_000,
      onExit: "wait",
      allowWeaker: false,
    },
    host: daemonHost(daemon.context),
    owner: process.getuid?.() ?? -1,
  });
  await run.ended;
  return run.id;
}

/** Waits until the end of a run has arrived. */
async function arrived(path: string, run: string): Promise<Entry[]> {
  const found = (): Entry[] => read(path).filter(({ workload }) => workload?.run === run);
  await eventually(() => found().some(({ lifecycle }) => lifecycle?.what === "ended"));
  return found();
}

describe("a daemon with outputs", () => {
  it("brings beginning, records and end of a workload to a file, as its schema says", async () => {
    const run = await runWorkload(["cat", "/etc/hostname"], "reader");
    const entries = await arrived(lines, run);
    const check = validatorOf("docs/reference/output-record.schema.json");
    for (const entry of read(lines)) check(entry);
    assert.equal(entries[0]?.lifecycle?.what, "started");
    assert.equal(entries.at(-1)?.lifecycle?.what, "ended");
    const trajectory = readFileSync(join(folder, "state/reader", run, "trajectory.jsonl"), "utf8");
    const records = entries.filter(({ kind }) => kind === "trajectory");
    assert.deepEqual(
      records.map(({ record }) => record),
      trajectory
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown),
    );
    assert.equal(new Set(entries.map(({ id }) => id)).size, entries.length);
  });

  it("has metrics of what has happened, and a dashboard that only asks for such", async () => {
    const text = await client.metrics();
    assert.match(text, /galgo_workloads_ended_total\{how="ended"\} 1/);
    assert.match(text, /galgo_hook_events_total\{hook="file_open"\} [1-9]/);
    const bucket = /galgo_decision_latency_seconds_bucket\{sensor="seccomp",le="\+Inf"\} (\d+)/;
    const count = /galgo_decision_latency_seconds_count\{sensor="seccomp"\} (\d+)/;
    assert.ok(Number(bucket.exec(text)?.[1]) > 0);
    assert.equal(bucket.exec(text)?.[1], count.exec(text)?.[1]);
    assert.match(text, /galgo_output_waiting\{output="file",kind="file"\} \d+/);
    const known = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
    const dashboard = readFileSync("deploy/grafana/galgo.json", "utf8");
    const asked = [...dashboard.matchAll(/\b((?:galgo|process)_[a-z_]+)/g)].map(([, name]) => name);
    assert.ok(asked.length > 20);
    for (const name of asked)
      assert.ok(known.has(name?.replace(/_bucket$/, "")), `the dashboard asks for ${name}`);
    for (const name of known)
      if (name?.startsWith("galgo_") && name !== "galgo_journal_entries")
        assert.ok(dashboard.includes(name), `the dashboard does not show ${name}`);
  });

  it("tells its metrics over TCP, and nothing else there", async () => {
    const port = await freePort();
    const written = readFileSync(config, "utf8");
    writeFileSync(config, `${written}[metrics]\nlisten = "127.0.0.1:${port}"\n`);
    await daemon.reload();
    const found = await fetch(`http://127.0.0.1:${port}/metrics`);
    assert.match(found.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
    assert.match(await found.text(), /^galgo_build_info\{version="1\.2\.3"\} 1$/m);
    assert.equal((await fetch(`http://127.0.0.1:${port}/v1/workloads`)).status, 404);
    writeFileSync(config, written);
    await daemon.reload();
    await assert.rejects(fetch(`http://127.0.0.1:${port}/metrics`));
  });

  it("takes other outputs when it reads its configuration again, and refuses what it can not use", async () => {
    writeFileSync(
      config,
      `[[output]]\nkind = "file"\npath = "${lines}"\n` +
        `[[output]]\nkind = "file"\nname = "ocsf"\nformat = "ocsf"\npath = "${events}"\n`,
    );
    await daemon.reload();
    const run = await runWorkload(["true"], "second");
    await arrived(lines, run);
    await eventually(() => readFileSync(events, "utf8").includes(run));
    assert.match(readFileSync(events, "utf8"), /"class_uid":1007/);
    writeFileSync(config, `[[output]]\nkind = "file"\n`);
    await assert.rejects(daemon.reload(), /daemon\.toml line 1: output\.0\.path: is missing/);
    writeFileSync(config, `[[output]]\nkind = "fax"\n`);
    await assert.rejects(daemon.reload(), /kind: has to be one of file, stdout, syslog/);
    writeFileSync(config, `[[output]]\nkind = "mqtt"\nurl = "mqtt://h"\ntopic = "a/#"\n`);
    await assert.rejects(daemon.reload(), /line 4: output\.0\.topic: must not hold \+ or #/);
    const third = await runWorkload(["true"], "third");
    assert.ok((await arrived(lines, third)).length > 2);
  });

  it("tells of its own end and beginning, and leaves nothing for the next one", async () => {
    await daemon.stop("restart");
    writeFileSync(config, `[[output]]\nkind = "file"\npath = "${lines}"\n`);
    daemon = await start();
    client = new DaemonClient(daemon.sockets.api);
    const said = (): (string | undefined)[] =>
      read(lines)
        .slice(-2)
        .map(({ lifecycle }) => lifecycle?.what);
    await eventually(() => said()[1] === "daemon-started");
    assert.deepEqual(said(), ["daemon-ended", "daemon-started"]);
    const ids = read(lines).map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    const numbers = read(lines).map(({ seq }) => seq);
    assert.deepEqual(
      numbers,
      numbers.toSorted((a, b) => a - b),
    );
  });
});
