// SPDX-License-Identifier: Apache-2.0
// Attacks past the filter and on what names mean: rings, other entry points, namespaces, what the kernel itself writes.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { mkdirSync, readdirSync } from "node:fs";
import { Arena, build, cannot } from "./harness.ts";

describe("a way past the filter", () => {
  for (const [what, way, hook] of [
    ["io_uring", "io_uring", "io_uring_setup"],
    ["a new name of the process", "name", "file_open"],
    ["another program in /proc/self/exe (PR_SET_MM)", "set-exe", "task_prctl"],
    ["typing into a terminal (TIOCSTI)", "terminal", "file_ioctl"],
    ["keys", "keys", "request_key"],
    ["a kernel module", "modules", "kernel_load_data"],
    ["clone3, whose flags are in memory", "clone3", "file_open"],
  ] as const) {
    it(`is not ${what}`, async (t) => {
      if (cannot(t)) return;
      const arena = new Arena(t);
      const { stdout } = await arena.attack(
        (mode) => [build("kernel-ways"), mode, way, arena.secret],
        [{ hook }],
      );
      if (way === "clone3") assert.match(stdout, /Function not implemented/);
    });
  }

  for (const [what, way] of [
    ["the 32-bit entry point (int 0x80)", "int80"],
    ["the x32 entry point", "x32"],
  ] as const) {
    it(`is not ${what}`, async (t) => {
      if (cannot(t, { x64: true })) return;
      const arena = new Arena(t);
      await arena.attack(
        (mode) => [build("kernel-ways"), mode, way, arena.secret],
        [{ hook: "foreign-entry-point" }],
      );
    });
  }

  it("is not a core file, which the kernel writes where the process stands", async (t) => {
    if (cannot(t)) return;
    const arena = new Arena(t);
    const before = readdirSync(arena.work);
    await arena.attack(
      (mode) => [build("kernel-ways"), mode, "core", arena.secret],
      [{ hook: "setrlimit" }],
    );
    assert.deepEqual(readdirSync(arena.work), before);
  });
});

describe("another meaning of names", () => {
  for (const [what, way, hook, root] of [
    ["a mount in a namespace of its own", "mount", "unshare", true],
    ["a user namespace", "user", "unshare", false],
    ["a process in new namespaces", "clone", "clone", false],
    ["the newer mount calls", "new-mount", "open_tree", true],
    ["the namespaces of process 1", "join", "setns", true],
    ["a root directory to break out of", "chroot", "path_chroot", true],
  ] as const) {
    it(`is not given by ${what}`, async (t) => {
      if (cannot(t, { root })) return;
      const arena = new Arena(t);
      mkdirSync(arena.path("jail"));
      await arena.attack(
        (mode) => [build("namespace-ways"), mode, way, "allowed", arena.secret],
        [{ hook }],
      );
    });
  }
});

describe("what a program has forbidden itself (Landlock)", () => {
  for (const way of ["read", "write", "remove"] as const) {
    it(`is not lifted by who acts for it: ${way}`, async (t) => {
      if (cannot(t)) return;
      const arena = new Arena(t);
      const command = [build("own-sandbox"), "-", way, "allowed"];
      const learned = await arena.learn(command);
      if (/no Landlock/.test(learned.stdout)) return t.skip("this kernel has no Landlock");
      arena.assertHarmless(learned);
      const enforced = await arena.enforce(command);
      arena.assertHarmless(enforced);
      assert.equal(enforced.status, 0, arena.describe(enforced));
      await arena.assertNothingLeft();
    });
  }
});
