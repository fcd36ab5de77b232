// SPDX-License-Identifier: Apache-2.0
// Attacks on opens: races against the decision, and names that mean the same file.
import assert from "node:assert/strict";
import { once } from "node:events";
import { linkSync, symlinkSync } from "node:fs";
import { describe, it } from "node:test";
import { Arena, build, cannot } from "./harness.ts";

describe("a race against the decision on an open", () => {
  it("is lost by who rewrites the path in memory: 10,000 tries, no wrong file", async (t) => {
    if (cannot(t)) return;
    const arena = new Arena(t);
    const program = build("race-open");
    const { stdout } = await arena.attack(
      (mode) => [
        program,
        mode,
        "string",
        "./allowed",
        arena.secret.replace(/.*\//, ".//"),
        "10000",
      ],
      [{ hook: "file_open", names: arena.secret }],
    );
    assert.match(stdout, /tries that were refused: [1-9]/, "the race did take place");
  });

  for (const [what, way] of [
    ["a symbolic link", "link"],
    ["a file", "exchange"],
  ] as const) {
    it(`is lost by who exchanges ${what} from outside`, async (t) => {
      if (cannot(t)) return;
      const arena = new Arena(t);
      const name = way === "link" ? "link" : "allowed";
      if (way === "link") symlinkSync("allowed", arena.path("link"));
      const command = (mode: string) => [
        build("race-open"),
        mode,
        "path",
        arena.path(name),
        "-",
        "3000",
      ];
      await arena.learn(command("learn"));
      const flip = arena.beside(build("flip"), way, "allowed", "secret", "200");
      if (flip.stdout !== null) await once(flip.stdout, "data");
      const { stdout } = await arena.attacked(command("attack"), [{ hook: "file_open" }]);
      assert.match(stdout, /tries that were refused: [1-9]/, "the race did take place");
      // before its folder is removed: it makes names there
      flip.kill("SIGKILL");
      await once(flip, "close");
    });
  }

  it("is lost by who rewrites the flags of openat2", async (t) => {
    if (cannot(t)) return;
    const arena = new Arena(t);
    await arena.attack(
      (mode) => [build("race-openat2"), mode, "allowed", arena.secret, "20000"],
      [{ hook: "file_open", names: arena.secret }],
    );
  });
});

describe("another name of a file", () => {
  const WAYS = [
    ["the name itself", "plain"],
    ["/proc/self/root", "own-root"],
    ["/proc/PID/root of another process", "other-root"],
    ["/proc/self/fd of a directory", "below-fd"],
    ["a descriptor of O_PATH, opened again", "reopen"],
    ["openat2 with RESOLVE_IN_ROOT", "in-root"],
  ] as const;
  for (const [what, way] of WAYS) {
    it(`does not help: ${what}`, async (t) => {
      if (cannot(t)) return;
      const arena = new Arena(t);
      await arena.attack(
        (mode) => [build("open-ways"), mode, way, "allowed", arena.secret, `${process.pid}`],
        [{ hook: "file_open", names: `"pathname": "${arena.secret}"` }],
      );
    });
  }

  it("does not help: a file handle", async (t) => {
    if (cannot(t, { root: true })) return;
    const arena = new Arena(t);
    await arena.attack(
      (mode) => [build("open-ways"), mode, "handle", "allowed", arena.secret],
      [{ hook: "open_by_handle_at" }],
    );
  });

  it("does not help: a hard link made by the workload", async (t) => {
    if (cannot(t)) return;
    const arena = new Arena(t);
    await arena.attack(
      (mode) => [build("open-ways"), mode, "hard-link", "allowed", arena.secret],
      [{ hook: "inode_link", names: arena.secret }],
    );
  });

  it("does not help: a rename to an allowed name", async (t) => {
    if (cannot(t)) return;
    const arena = new Arena(t);
    await arena.attack(
      (mode) => [build("open-ways"), mode, "rename", "allowed", arena.secret],
      [{ hook: "inode_rename", names: arena.secret }],
    );
  });

  it("does not help: a hard link that somebody put in place of an allowed file", async (t) => {
    if (cannot(t)) return;
    const arena = new Arena(t);
    const program = build("open-ways");
    await arena.learn([program, "learn", "plain", "other", arena.secret]);
    linkSync(arena.secret, arena.path("other"));
    await arena.attacked(["cat", "other"], [{ hook: "file_open" }]);
  });
});
