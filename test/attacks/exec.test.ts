// SPDX-License-Identifier: Apache-2.0
// Attacks on programs: another one than was learned, in another place, in another moment.
import assert from "node:assert/strict";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { describe, it, type TestContext } from "node:test";
import { Arena, build, cannot } from "./harness.ts";

const good = (): string => build("print-good", { source: "print", flags: ["-static"] });
const evil = (): string =>
  build("print-evil", {
    source: "print",
    flags: ["-static", '-DTEXT="HARM another program began\\n"', '-DMORE="HARM and went on\\n"'],
  });

/** `tool` is good, `other` is evil. */
function armed(t: TestContext, user?: Arena["user"]): Arena {
  const arena = new Arena(t, user);
  copyFileSync(good(), arena.path("tool"));
  copyFileSync(evil(), arena.path("other"));
  return arena;
}

/** A file with another content under the same name. */
function replace(arena: Arena, name: string, by: string): void {
  copyFileSync(by, arena.path("new"));
  chmodSync(arena.path("new"), 0o755);
  renameSync(arena.path("new"), arena.path(name));
}

describe("another program", () => {
  it("does not run at a learned path", async (t) => {
    if (cannot(t)) return;
    const arena = armed(t);
    const command = [build("run"), "learn", "-", "./tool", "-"];
    await arena.learn(command);
    replace(arena, "tool", evil());
    const tool = arena.path("tool");
    await arena.attacked(command, [{ hook: "file_open", names: tool, decision: "denied" }]);
  });

  it("does not run behind a learned name that is a symbolic link now", async (t) => {
    if (cannot(t)) return;
    const arena = armed(t);
    const command = [build("run"), "learn", "-", "./tool", "-"];
    await arena.learn(command);
    renameSync(arena.path("tool"), arena.path("old"));
    symlinkSync("other", arena.path("tool"));
    await arena.attacked(command, [{ hook: "file_open", names: arena.path("other") }]);
  });

  const WAYS = [
    ["by its name", "plain", "file_open"],
    ["from memory (memfd_create, fexecve)", "memory", "file_open"],
    ["through /proc/self/fd/N", "fd", "file_open"],
    ["by a descriptor (execveat, AT_EMPTY_PATH)", "empty", "file_open"],
    ["as an argument of the dynamic loader", "loader", "file_open"],
  ] as const;
  for (const [what, way, hook] of WAYS) {
    it(`does not run ${what}`, async (t) => {
      if (cannot(t, { x64: way === "loader" })) return;
      const arena = armed(t);
      await arena.attack(
        (mode) => [build("run"), mode, way, "./tool", arena.path("other")],
        [{ hook }],
      );
    });
  }

  it("does not run through /proc/PID/exe of who runs it already", async (t) => {
    if (cannot(t)) return;
    const arena = armed(t);
    const sleeper = arena.beside("sleep", "60");
    await arena.attack(
      (mode) => [build("run"), mode, "own-exe", "./tool", `${sleeper.pid}`],
      [{ hook: "file_open", names: "sleep" }],
    );
  });

  it("is not what the workload writes over one that it runs", async (t) => {
    if (cannot(t)) return;
    const arena = armed(t);
    arena.write("data", "#!/bin/sh\necho HARM a script of the workload ran\n");
    const update = "cat data > new; chmod 755 new; mv new tool";
    await arena.learn(["sh", "-c", `./tool; ${update}`]);
    replace(arena, "tool", good());
    await arena.attacked(
      ["sh", "-c", `${update}; ./tool`],
      [{ hook: "file_open", names: arena.path("tool") }],
    );
  });
});

describe("a script", () => {
  it("does not run with other lines", async (t) => {
    const arena = new Arena(t);
    arena.write("script", "#!/bin/sh\necho fine\n", 0o755);
    await arena.learn(["./script"]);
    arena.write("script", "#!/bin/sh\necho HARM\n", 0o755);
    await arena.attacked(
      ["./script"],
      [{ hook: "file_open", names: arena.path("script"), decision: "denied" }],
      { status: 121 },
    );
  });

  it("does not run with another interpreter", async (t) => {
    if (cannot(t)) return;
    const arena = armed(t);
    arena.write("script", "#!/bin/sh\necho fine\n", 0o755);
    await arena.learn(["sh", "-c", "./script; true"]);
    arena.write("script", `#!${arena.path("other")}\n`, 0o755);
    await arena.attacked(["sh", "-c", "./script; true"], [{ hook: "file_open" }]);
  });

  it("has the interpreter that the kernel takes, whatever else looks like white space", async (t) => {
    if (cannot(t)) return;
    const arena = armed(t);
    // what the kernel runs is a relative path whose first name is one byte, 0xa0
    const space = Buffer.from([0xa0]);
    const line = Buffer.concat([Buffer.from("#!"), space, Buffer.from("/tool\n")]);
    writeFileSync(arena.path("script"), line);
    mkdirSync(Buffer.concat([Buffer.from(`${arena.work}/`), space]));
    const program = Buffer.concat([Buffer.from(`${arena.work}/`), space, Buffer.from("/tool")]);
    copyFileSync(good(), program);
    chmodSync(arena.path("script"), 0o755);
    const command = ["sh", "-c", "./script; true"];
    const { stdout } = await arena.learn(command);
    assert.match(stdout, /good/);
    copyFileSync(evil(), program);
    await arena.attacked(command, [{ hook: "file_open", decision: "denied" }]);
  });
});

describe("a program of root that is setuid", () => {
  it("does not run when it was not learned, and gains nothing when it was", async (t) => {
    if (cannot(t, { root: true })) return;
    const arena = armed(t, { name: "uid 1000", uid: 1000 });
    copyFileSync(build("privileged"), arena.path("privileged"));
    chownSync(arena.path("privileged"), 0, 0);
    chmodSync(arena.path("privileged"), 0o4755);
    chownSync(arena.secret, 0, 0);
    await arena.attack(
      (mode) => [build("run"), mode, "plain", "./tool", arena.path("privileged")],
      [{ hook: "file_open", names: arena.path("privileged") }],
    );
    const learned = await arena.learn([arena.path("privileged"), arena.secret]);
    assert.match(learned.stdout, /effective user 1000/);
    assert.ok(!learned.stdout.includes(arena.token));
  });
});

describe("a race against the decision on an exec", () => {
  for (const helpers of [0, 2]) {
    const meanwhile = helpers === 0 ? "" : ", while other threads of the process make events";
    it(`is noticed at the first event of the wrong program${meanwhile}`, async (t) => {
      if (cannot(t)) return;
      const arena = armed(t);
      const tool = arena.path("tool");
      await arena.learn([build("race-exec"), "learn", tool, "3", "2"]);
      const flip = arena.beside(build("flip"), "exchange", "tool", "other", "50");
      if (flip.stdout !== null) await once(flip.stdout, "data");
      const command = [build("race-exec"), "attack", tool, "400", `${helpers}`];
      const outcome = await arena.enforce(command);
      const said = arena.describe(outcome);
      assert.equal(outcome.status, 121, said);
      // a program that was not decided on can run until its first event, and no further: it is the last of the workload
      const begun = outcome.stdout.match(/another program began/g)?.length ?? 0;
      assert.ok(begun <= 1, said);
      assert.doesNotMatch(outcome.stdout, /and went on/, said);
      if (begun > 0) arena.assertNamed({ hook: "file_open", reason: /another program/ }, said);
      await arena.assertNothingLeft();
    });
  }
});
