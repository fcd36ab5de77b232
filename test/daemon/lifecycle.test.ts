// SPDX-License-Identifier: Apache-2.0
// `galgo daemon` as a service manager and its users see it: ready, reloaded, one at a time, ended in order, and one clear line for
// what can not be.
import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { type Outcome, Place, type RunningGalgo } from "../cli/galgo.ts";
import { DaemonClient, socketsIn } from "../../src/daemon/client/index.ts";

const ROOT = process.getuid?.() === 0;
const NOBODY = 65_534;

interface Started {
  readonly place: Place;
  readonly run: string;
  readonly running: RunningGalgo;
  readonly client: DaemonClient;
}

async function started(t: TestContext, args: readonly string[] = []): Promise<Started> {
  const place = new Place(t);
  const run = place.path("run");
  const running = place.start(["daemon", ...args], { GALGO_RUN_DIR: run });
  await running.says(/ready: /);
  return { place, run, running, client: new DaemonClient(socketsIn(run).api) };
}

function complaint(outcome: Outcome, pattern: RegExp): void {
  assert.equal(outcome.status, 125, outcome.stderr);
  assert.match(outcome.stderr, pattern);
  assert.equal(outcome.stderr.trimEnd().split("\n").length, 1, outcome.stderr);
}

describe("galgo daemon", { concurrency: 2 }, () => {
  it("ends in order when it is told to, and can say everything as JSON", async (t) => {
    const { run, running } = await started(t, ["--json"]);
    running.process.kill("SIGTERM");
    const { status, stderr } = await running.ended;
    assert.equal(status, 0, stderr);
    const lines = stderr
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { level: string; message: string });
    assert.deepEqual(
      lines.map(({ level }) => level),
      ["info", "info"],
    );
    assert.match(lines[0]?.message ?? "", /^ready: .*api\.sock$/);
    assert.equal(lines[1]?.message, "stopping (SIGTERM): 0 workloads to end");
    assert.equal(existsSync(socketsIn(run).api), false);
  });

  it("is alone in its directory, and replaces what a killed one left there", async (t) => {
    const { place, run, running, client } = await started(t);
    const env = { GALGO_RUN_DIR: run };
    const second = await place.start(["daemon"], env).ended;
    complaint(
      second,
      new RegExp(`a daemon runs already in .*run \\(pid ${running.process.pid}\\)`),
    );
    assert.equal((await client.health()).pid, running.process.pid);
    running.process.kill("SIGKILL");
    await running.ended;
    assert.ok(existsSync(socketsIn(run).api), "a killed daemon can not remove its socket");
    const third = place.start(["daemon"], env);
    await third.says(/ready: /);
    assert.equal((await client.health()).pid, third.process.pid);
    third.process.kill("SIGTERM");
    assert.equal((await third.ended).status, 0);
  });

  it("goes on with its old configuration when the new one has a fault", async (t) => {
    const place = new Place(t);
    const config = place.write("daemon.toml", "[daemon]\nstop-seconds = 1\n");
    const running = place.start(["daemon", "--config", config], {
      GALGO_RUN_DIR: place.path("run"),
    });
    await running.says(/ready: /);
    writeFileSync(config, "[daemon]\nstop-seconds = 1\nstop-secnods = 2\n");
    running.process.kill("SIGHUP");
    await running.says(
      /old configuration goes on: .*daemon\.toml line 3: daemon\.stop-secnods: there is no such key/,
    );
    writeFileSync(config, "[daemon]\nstop-seconds = 2\n");
    running.process.kill("SIGHUP");
    await running.says(/configuration was read again/);
    running.process.kill("SIGINT");
    assert.equal((await running.ended).status, 0);
  });

  it("does not start with a configuration that has a fault", async (t) => {
    const place = new Place(t);
    const config = place.write("bad.toml", '\n[daemon]\ngroup = "no-such-group-here"\n');
    const env = { GALGO_RUN_DIR: place.path("run") };
    const outcome = await place.start(["daemon", "--config", config], env).ended;
    complaint(outcome, /there is no group no-such-group-here/);
    const checked = await place.galgo("daemon", "--check", "--config", config);
    complaint(checked, /there is no group no-such-group-here/);
    assert.equal(existsSync(place.path("run")), false);
    const absent = await place.galgo("daemon", "--check", "--config", place.path("none.toml"));
    complaint(absent, /can not read the configuration .*none\.toml \(ENOENT\)/);
  });

  it("refuses a directory that others can write to", async (t) => {
    const place = new Place(t);
    chmodSync(place.folder, 0o777);
    const outcome = await place.start(["daemon"], { GALGO_RUN_DIR: place.folder }).ended;
    complaint(outcome, /can not hold the daemon's sockets.*chmod go-w/);
  });

  it("ends when a socket of its can not have its name", async (t) => {
    const place = new Place(t);
    const run = place.path("run");
    mkdirSync(join(run, "api.sock"), { recursive: true });
    const outcome = await place.start(["daemon"], { GALGO_RUN_DIR: run }).ended;
    complaint(outcome, /api\.sock is there and is no socket: remove it first/);
  });
});

describe("users without rights", { skip: ROOT ? false : "only root can be somebody else" }, () => {
  it("get one line, from the daemon's directory and from its socket", async (t) => {
    const { place, run } = await started(t);
    chmodSync(place.folder, 0o755);
    assert.equal(statSync(socketsIn(run).api).mode & 0o777, 0o660);
    const outcome = await asNobody(place, ["daemon"], {
      GALGO_RUN_DIR: join(place.folder, "other"),
    });
    complaint(outcome, /can not make the daemon's .*other.* \(EACCES\); start the daemon as root/);
    complaint(
      await asNobody(place, ["ps"], { GALGO_RUN_DIR: run }),
      /you may not use the daemon at .*api\.sock: ask for membership/,
    );
  });
});

function asNobody(place: Place, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Outcome> {
  const ids = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];
  const running = place.wrapped(
    ["env", ...Object.entries(env).map(([k, v]) => `${k}=${v}`), "setpriv", ...ids],
    args,
  );
  return running.ended;
}
