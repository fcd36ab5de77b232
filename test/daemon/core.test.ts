// SPDX-License-Identifier: Apache-2.0
// A daemon in this process, with workloads that it launches itself: what its API says of them, orders to them, its orderly end.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ClientError, DaemonClient } from "../../src/daemon/client/index.ts";
import { type Daemon, daemonHost, startDaemon } from "../../src/daemon/index.ts";
import type { ManagedRun } from "../../src/daemon/registry/managed-run.ts";
import { BUILTIN_PROFILES } from "../../src/model/index.ts";
import type { RunRequest } from "../../src/orchestrator/run-request.ts";

const folder = mkdtempSync(join(tmpdir(), "galgo-daemon-"));
const env = { ...process.env, GALGO_RUN_DIR: join(folder, "run") };
const told: string[] = [];
let daemon: Daemon;
let client: DaemonClient;

before(async () => {
  daemon = await startDaemon({
    version: "1.2.3",
    env,
    uid: process.getuid?.() ?? -1,
    stateRoot: join(folder, "state"),
    parts: [],
    tell: (_, text) => told.push(text),
  });
  client = new DaemonClient(daemon.sockets.api);
});

after(async () => {
  await daemon.stop("the test is over");
  rmSync(folder, { recursive: true, force: true });
});

function start(command: readonly string[], changes: Partial<RunRequest> = {}): ManagedRun {
  return daemon.registry.start({
    request: {
      command,
      mode: "free",
      onViolation: "observe",
      rules: { mapping: "tsem-v4", digest: "sha256", profile: BUILTIN_PROFILES.portable },
      stateRoot: join(folder, "state"),
      cwd: "/",
      env: process.env,
      deadlineMs: 10_000,
      onExit: "wait",
      allowWeaker: false,
      ...changes,
    },
    host: daemonHost(daemon.context),
    owner: process.getuid?.() ?? -1,
  });
}

describe("the daemon", () => {
  it("says that it is ready", async () => {
    const { status, version, pid } = await client.health();
    assert.deepEqual(
      { status, version, pid },
      { status: "ready", version: "1.2.3", pid: process.pid },
    );
  });

  it("shows a workload while it runs, and ends it when asked", async () => {
    const run = start(["sleep", "1000"], { name: "sleeper" });
    await run.started;
    const [first] = await client.workloads();
    assert.equal(first?.name, "sleeper");
    for await (const line of client.lines("sleeper", "trajectory", { follow: true })) {
      assert.match(line, /sleep/);
      break;
    }
    const status = await client.workload(run.id);
    assert.equal(status.mode, "free");
    assert.ok(status.counts.events > 0);
    await client.kill("sleeper");
    const { record, outcome } = await run.ended;
    assert.equal(record.status, "finished");
    assert.match(outcome.killed ?? "", /API/);
    assert.deepEqual(await client.workloads(), []);
  });

  it("knows no workload that has ended", async () => {
    await assert.rejects(client.workload("nobody"), (error) => {
      assert.ok(error instanceof ClientError);
      assert.equal(error.code, "NOT_FOUND");
      assert.match(error.message, /no workload nobody/);
      return true;
    });
  });

  it("keeps a failure of one workload to that one", async () => {
    const good = start(["cat"], { name: "good", stdio: [0, 1, 2] });
    const bad = start(["/nonexistent/program"]);
    await assert.rejects(bad.started, /not found|no such/i);
    await assert.rejects(bad.ended);
    assert.ok(existsSync(daemon.sockets.api));
    good.kill("enough");
    assert.equal((await good.ended).record.status, "finished");
  });

  it("follows records until the workload has ended", async () => {
    const run = start(["sh", "-c", "cat /etc/hostname; true"], { name: "short" });
    await run.started;
    const lines: string[] = [];
    for await (const line of client.lines(run.id, "trajectory", { follow: true })) lines.push(line);
    await run.ended;
    assert.equal(`${lines.join("\n")}\n`, readFileSync(run.directory.trajectory, "utf8"));
  });
});
