// SPDX-License-Identifier: Apache-2.0
// A daemon in this process, with workloads that it launches itself: what its API says of them, orders to them, its orderly end.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { ClientError, type DaemonClient } from "../../src/daemon/client/index.ts";
import type { Daemon } from "../../src/daemon/index.ts";
import type { ManagedRun } from "../../src/daemon/registry/managed-run.ts";
import type { RunRequest } from "../../src/orchestrator/run-request.ts";
import { DaemonPlace } from "../helpers/daemon-place.ts";

const place = new DaemonPlace();
let daemon: Daemon;
let client: DaemonClient;

before(async () => {
  daemon = await place.start();
  client = place.client;
});

after(async () => {
  await daemon.stop("the test is over");
  place.remove();
});

const start = (command: readonly string[], changes: Partial<RunRequest> = {}): ManagedRun =>
  place.launch(daemon, command, changes);

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
