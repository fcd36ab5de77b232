// SPDX-License-Identifier: Apache-2.0
// What is held of a container, on ordinary processes: given back as soon as it has ended, and never of use against its successor.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, openSync, readdirSync, readlinkSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { ContainerWorkload } from "../../src/daemon/containers/workload.ts";
import { ownCgroup } from "../../src/orchestrator/cgroup-mount.ts";
import { isRunning, until } from "../helpers/workloads.ts";

/** It says again what it is told. */
function echo(t: TestContext) {
  const child = spawn("cat", { stdio: ["pipe", "pipe", "ignore"] });
  t.after(() => child.kill("SIGKILL"));
  const { pid } = child;
  assert.ok(pid !== undefined);
  return Object.assign(child, { pid });
}

function workloadOf(id: string, pid: number): ContainerWorkload {
  const container = { id, bundle: "", pid, annotations: {} };
  const handed = { container, pid, joins: false, metadata: "", listener: 0 };
  return new ContainerWorkload(handed, openSync("/dev/null", "r"), undefined);
}

/** Descriptors of processes. */
function heldProcesses(): number {
  const links = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return ""; // of the folder itself, which is closed again
    }
  });
  return links.filter((text) => text.includes("pidfd")).length;
}

test("nothing is kept of a process that was executed in it and has ended", async (t) => {
  const workload = workloadOf("box", echo(t).pid);
  assert.equal(heldProcesses(), 1);
  for (let i = 0; i < 3; i += 1) {
    const executed = echo(t);
    workload.join(executed.pid);
    assert.deepEqual(workload.joinedPids, [executed.pid]);
    workload.killJoined(executed.pid);
    await once(executed, "exit");
    await until("it is forgotten", () => workload.joinedPids.length === 0);
  }
  assert.equal(heldProcesses(), 1);
  assert.ok(isRunning(workload.pid));
  workload.dispose();
  assert.equal(heldProcesses(), 0);
});

const own = ownCgroup("self");
const noGroup = "unavailable" in own ? own.unavailable : false;

test("the container that is started anew under its id is not killed for it", {
  skip: process.getuid?.() === 0 ? noGroup : "only root makes cgroups here",
}, async (t) => {
  const id = `box-${process.pid}`;
  const folder = join("unavailable" in own ? "" : own.path, id);
  const start = (): ReturnType<typeof echo> => {
    mkdirSync(folder);
    const child = echo(t);
    writeFileSync(join(folder, "cgroup.procs"), String(child.pid));
    return child;
  };
  const first = start();
  const workload = workloadOf(id, first.pid);
  assert.deepEqual(workload.features, ["cgroup"]);
  workload.kill();
  await once(first, "exit");
  rmdirSync(folder);
  const second = start();
  t.after(() => rmdirSync(folder));
  workload.kill();
  workload.dispose();
  second.stdin.write("alive");
  assert.equal(String((await once(second.stdout, "data"))[0]), "alive");
  second.kill("SIGKILL");
  await once(second, "exit");
});
