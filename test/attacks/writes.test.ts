// SPDX-License-Identifier: Apache-2.0
// Attacks that change files, and attacks that let the supervision wait.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { dirname } from "node:path";
import { describe, it } from "node:test";
import { lacks } from "../workloads/workplace.ts";
import { Arena, build, cannot } from "./harness.ts";

const KEYS = "ssh-ed25519 AAAA owner\n";

describe("~/.ssh/authorized_keys", () => {
  const WAYS = [
    ["append", "file_open"],
    ["truncating", "file_open"],
    ["reading-truncating", "file_open"],
    ["creating", "file_open"],
    ["truncate", "inode_setattr"],
    ["unlink", "inode_unlink"],
    ["rename", "inode_rename"],
    ["exchange", "inode_rename"],
    ["chmod", "inode_setattr"],
    ["chown", "inode_setattr"],
    ["setxattr", "inode_setxattr"],
    ["link", "inode_link"],
  ] as const;
  for (const [way, hook] of WAYS) {
    it(`stays as it is: ${way}`, async (t) => {
      if (cannot(t)) return;
      const arena = new Arena(t);
      arena.write("log", "");
      const keys = arena.write(".ssh/authorized_keys", KEYS, 0o600);
      const before = statSync(keys);
      await arena.attack(
        (mode) => [build("write-ways"), mode, way, "log", keys],
        [{ hook, names: keys, decision: "denied" }],
      );
      assert.equal(readFileSync(keys, "utf8"), KEYS);
      const now = statSync(keys);
      assert.deepEqual(
        [now.ino, now.mode, now.uid, now.nlink],
        [before.ino, before.mode, before.uid, before.nlink],
      );
    });
  }

  it("stays as it is although a learned name leads to it now", async (t) => {
    if (cannot(t)) return;
    const arena = new Arena(t);
    const command = [build("write-ways"), "learn", "-", "log", "-"];
    arena.write("log", "");
    await arena.learn(command);
    const keys = arena.write(".ssh/authorized_keys", KEYS, 0o600);
    execFileSync("rm", [arena.path("log")]);
    symlinkSync(keys, arena.path("log"));
    await arena.attacked(command, [{ hook: "file_open", names: keys }]);
    assert.equal(readFileSync(keys, "utf8"), KEYS);
  });

  it("does not come into being in a folder of which nothing was learned", async (t) => {
    const arena = new Arena(t);
    mkdirSync(arena.path(".ssh"));
    const keys = arena.path(".ssh/authorized_keys");
    await arena.learn(["sh", "-c", "echo line > log"]);
    await arena.attacked(
      ["sh", "-c", `echo key > ${keys}; true`],
      [{ hook: "inode_create", names: dirname(keys) }],
    );
    assert.throws(() => statSync(keys));
  });
});

describe("a race against the decision", () => {
  it("on a descriptor is lost by who puts another file behind its number", async (t) => {
    if (cannot(t)) return;
    const arena = new Arena(t);
    arena.write("other", "", 0o600);
    await arena.attack(
      (mode) => [build("race-fd"), mode, "fchmod", "allowed", "other", "3000"],
      [{ hook: "inode_setattr" }],
    );
    assert.equal(statSync(arena.path("other")).mode & 0o777, 0o600);
  });

  it("on a FIFO is noticed at the next event", async (t) => {
    if (cannot(t) || lacks(t, "mkfifo")) return;
    const arena = new Arena(t);
    execFileSync("mkfifo", [arena.path("fifo")]);
    const command = (mode: string) => [build("fifo-race"), mode, arena.path("fifo"), "1500"];
    await arena.learn(command("learn"));
    const flip = arena.beside(build("flip"), "exchange", "fifo", "secret", "100");
    if (flip.stdout !== null) await once(flip.stdout, "data");
    const { stdout } = await arena.attacked(command("attack"), [{ hook: "file_open" }]);
    const got = stdout.match(/got the file/g)?.length ?? 0;
    assert.ok(got <= 1, stdout);
  });
});

describe("who lets the supervision wait", () => {
  for (const way of ["lease", "fifo"] as const) {
    it(`waits alone: ${way}`, async (t) => {
      if (cannot(t) || lacks(t, "mkfifo")) return;
      const arena = new Arena(t);
      if (way === "fifo") execFileSync("mkfifo", [arena.path("fifo")]);
      const command = (mode: string) => [
        build("wait-ways"),
        mode,
        way,
        arena.path(way === "fifo" ? "fifo" : "allowed"),
      ];
      await arena.learn(command("learn"));
      const { status, stdout, stderr } = await arena.enforce(command("attack"));
      assert.equal(status, 0, stderr);
      assert.match(stdout, /served meanwhile\n.*open: \d/s);
      await arena.assertNothingLeft();
    });
  }

  it("for ever is killed when the deadline has passed", async (t) => {
    if (cannot(t, { root: true })) return;
    const arena = new Arena(t);
    const command = (mode: string) => [build("wait-ways"), mode, "memory", "-"];
    await arena.learn(command("learn"));
    const outcome = await arena.enforce(command("attack"), { options: ["--deadline", "500"] });
    assert.equal(outcome.status, 125, arena.describe(outcome));
    assert.match(outcome.stderr, /no decision on one event/);
    await arena.assertNothingLeft();
  });
});
