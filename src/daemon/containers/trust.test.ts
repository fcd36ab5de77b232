// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { requireFiltered, requireRuntime } from "./trust.ts";

const { pid } = process;
const uid = process.getuid?.() ?? 0;

const workload = (...pids: number[]) => ({
  pids,
  origin: { kind: "command", pid: 0, command: ["true"] } as const,
});

test("a runtime is root's or the daemon's own user's, and outside of every workload", () => {
  const outside = [workload(), workload(spawnSync("true").pid)];
  requireRuntime({ pid, uid, gid: 0 }, outside);
  requireRuntime({ pid, uid: 0, gid: 0 }, outside);
  const stranger = { pid, uid: uid + 1, gid: 0 };
  assert.throws(() => requireRuntime(stranger, outside), /user \d+ may not hand containers over/);
  const inside = [workload(process.ppid)];
  assert.throws(() => requireRuntime({ pid, uid, gid: 0 }, inside), /a workload may not/);
});

test("a runtime counts processes as the daemon does", async (t) => {
  const away = /another pid namespace.*hostPID/;
  assert.throws(() => requireRuntime({ pid: 0, uid, gid: 0 }, []), away);
  if (uid !== 0) return t.diagnostic("only root makes a pid namespace");
  const command = ["--pid", "--fork", "--kill-child", "sh", "-c", "echo; exec sleep 1000"];
  const maker = spawn("unshare", command, { stdio: ["ignore", "pipe", "ignore"] });
  t.after(() => maker.kill("SIGKILL"));
  await once(maker.stdout, "data");
  const children = `/proc/${maker.pid}/task/${maker.pid}/children`;
  const inner = Number(readFileSync(children, "utf8"));
  assert.throws(() => requireRuntime({ pid: inner, uid, gid: 0 }, []), away);
});

test("a process without a seccomp filter is not taken for a container's", () => {
  assert.throws(() => requireFiltered(pid), /has no seccomp filter/);
  assert.throws(() => requireFiltered(spawnSync("true").pid), /is gone/);
});
