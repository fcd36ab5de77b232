// SPDX-License-Identifier: Apache-2.0
// The same kinds of attack where Galgo and the workload are one ordinary user: no privilege separates them, only the filter.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { lacks, type User } from "../workloads/workplace.ts";
import { Arena, build, cannot } from "./harness.ts";

const ORDINARY: User = { name: "uid 1000", uid: 1000 };

/** program, parameters, the event. SECRET stands for the name of the secret. */
const CASES: readonly (readonly [string, readonly string[], string])[] = [
  ["open-ways", ["plain", "allowed", "SECRET"], "file_open"],
  ["open-ways", ["reopen", "allowed", "SECRET"], "file_open"],
  ["race-open", ["string", "./allowed", ".//secret", "2000"], "file_open"],
  ["race-openat2", ["allowed", "SECRET", "5000"], "file_open"],
  ["write-ways", ["append", "allowed", "SECRET"], "file_open"],
  ["write-ways", ["unlink", "allowed", "SECRET"], "inode_unlink"],
  ["write-ways", ["chmod", "allowed", "SECRET"], "inode_setattr"],
  ["process-ways", ["trace", "SECRET"], "ptrace_access_check"],
  ["process-ways", ["write-memory", "SECRET"], "ptrace_access_check"],
  ["process-ways", ["steal", "SECRET"], "ptrace_access_check"],
  ["memory-ways", ["mprotect"], "file_mprotect"],
  ["memory-ways", ["personality-bits"], "personality"],
  ["kernel-ways", ["io_uring", "SECRET"], "io_uring_setup"],
  ["namespace-ways", ["user", "allowed", "SECRET"], "unshare"],
  ["kill-ways", ["kill-guard", "9"], "task_kill"],
  ["kill-ways", ["kill-galgo", "19"], "task_kill"],
  ["kill-ways", ["owner", "9"], "fcntl"],
  ["kill-ways", ["limits", "0"], "prlimit64"],
  ["kill-ways", ["memory", "0"], "ptrace_access_check"],
  ["trust", ["child", "allowed", "SECRET"], "file_open"],
  ["identity", ["SECRET", "sibling"], "file_open"],
];

describe("an ordinary user's workload", () => {
  for (const [program, parameters, hook] of CASES) {
    it(`is refused: ${program} ${parameters[0]}`, async (t) => {
      if (cannot(t, { root: true })) return;
      const arena = new Arena(t, ORDINARY);
      if (program === "memory-ways") arena.write("written", "");
      arena.own(arena.work);
      const shared = program === "identity" ? arena.write("shared", "shared\n") : arena.secret;
      const words = parameters.map((word) => (word === "SECRET" ? shared : word));
      await arena.attack((mode) => [build(program), mode, ...words], [{ hook }]);
    });
  }

  it("does not come near Galgo's own records and model", async (t) => {
    if (cannot(t, { root: true })) return;
    const arena = new Arena(t, ORDINARY);
    const command = (mode: string, target: string) => [
      build("write-ways"),
      mode,
      "append",
      "allowed",
      target,
    ];
    await arena.learn(command("learn", "-"));
    await arena.attacked(command("attack", "../m.json"), [{ hook: "file_open", names: "m.json" }]);
  });

  it("inherits no descriptor of Galgo", async (t) => {
    if (cannot(t, { root: true }) || lacks(t, "ls")) return;
    const arena = new Arena(t, ORDINARY);
    const command = ["ls", "-l", "/proc/self/fd"];
    // what the tests themselves have inherited is the user's own
    const before = numbersIn(arena.prepare("ls", "-l", "/proc/self/fd"));
    await arena.learn(command);
    const { stdout } = await arena.enforce(command);
    assert.deepEqual(numbersIn(stdout), before, stdout);
  });
});

function numbersIn(listing: string): number[] {
  const found = listing.split("\n").flatMap((line) => / (\d+) -> /.exec(line)?.[1] ?? []);
  return found.map(Number).sort((a, b) => a - b);
}
