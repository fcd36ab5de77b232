// SPDX-License-Identifier: Apache-2.0
// Attacks on the supervision: signals and other means against Galgo and its guard, from inside and from outside.
import assert from "node:assert/strict";
import { once } from "node:events";
import { constants } from "node:os";
import { describe, it } from "node:test";
import type { Readable } from "node:stream";
import { Arena, build, cannot, until } from "./harness.ts";

const { SIGKILL, SIGSTOP, SIGTERM } = constants.signals;

describe("from inside, the supervision", () => {
  for (const [what, way, signal, hook] of [
    ["the guard is not killed", "kill-guard", SIGKILL, "task_kill"],
    ["the guard is not stopped", "kill-guard", SIGSTOP, "task_kill"],
    ["Galgo is not killed", "kill-galgo", SIGKILL, "task_kill"],
    ["Galgo is not stopped", "kill-galgo", SIGSTOP, "task_kill"],
    ["Galgo is not ended", "kill-galgo", SIGTERM, "task_kill"],
    ["a thread of Galgo is not killed", "thread", SIGKILL, "task_kill"],
    ["the guard is not killed through a pidfd", "pidfd", SIGKILL, "task_kill"],
    ["the guard is not killed as the owner of a pipe", "owner", SIGKILL, "fcntl"],
    ["Galgo is not stopped as the owner of a pipe", "owner-struct", SIGSTOP, "fcntl"],
    ["the group is not killed as the owner of a pipe", "owner-group", SIGKILL, "fcntl"],
    ["the group is not killed although its members may be", "group", SIGKILL, "task_kill"],
    ["the guard keeps its limits", "limits", 0, "prlimit64"],
    ["the memory of Galgo is not read", "memory", 0, "ptrace_access_check"],
  ] as const) {
    it(`lives: ${what}`, async (t) => {
      if (cannot(t)) return;
      const arena = new Arena(t);
      const { stdout } = await arena.attack(
        (mode) => [build("kill-ways"), mode, way, `${signal}`],
        [{ hook, decision: "denied" }],
      );
      assert.match(stdout, /still supervised/);
    });
  }
});

/** Starts a workload of many processes under enforcement and waits until all are there. */
async function lingering(arena: Arena, ...options: readonly string[]) {
  const command = (mode: string) => [build("linger"), mode, "10"];
  await arena.learn(command("learn"), { options: ["--on-exit", "kill"] });
  const words = ["run", "-m", "../m.json", "--enforce", ...options, "--", ...command("attack")];
  const running = arena.start(words);
  await once(running.process.stdout as Readable, "data");
  assert.ok(arena.processes().length > 10);
  return running;
}

describe("from outside", () => {
  it("SIGKILL to Galgo ends the whole workload, daemons included", async (t) => {
    if (cannot(t)) return;
    const arena = new Arena(t);
    const running = await lingering(arena);
    running.process.kill("SIGKILL");
    await running.ended;
    await until("the workload is dead", () => arena.processes().length === 0);
    await arena.assertNothingLeft();
  });

  it("SIGKILL to the guard ends the whole workload, and Galgo says so", async (t) => {
    if (cannot(t)) return;
    const arena = new Arena(t);
    const running = await lingering(arena);
    const guard = arena.guardOf(running.process.pid ?? 0);
    assert.ok(guard > 0);
    process.kill(guard, "SIGKILL");
    const { status, stderr } = await running.ended;
    assert.equal(status, 125, stderr);
    assert.match(stderr, /guard .* ended unexpectedly; the workload was killed/);
    await arena.assertNothingLeft();
  });
});
