// SPDX-License-Identifier: Apache-2.0
// Attacks on who is who and who is trusted, what the policies do, and models changed by hand.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { describe, it } from "node:test";
import { Arena, build, cannot } from "./harness.ts";

const MANY = 100;

describe("who was refused something", () => {
  for (const [what, way, says] of [
    ["is refused everything from then on", "self", /self: 0 of 2/],
    ["is not more trusted in another thread", "thread", /thread: 0 of 2/],
    ["is not more trusted in a child that nobody has heard of", "child", /child: 0 of 2/],
    ["is not more trusted in a sibling", "sibling", /sibling: 0 of 2/],
    ["is not more trusted in a child that it leaves behind", "orphan", /orphan: 0 of 2/],
    ["is not free as a daemon", "daemon", /daemon: refused/],
  ] as const) {
    it(what, async (t) => {
      if (cannot(t)) return;
      const arena = new Arena(t);
      const { stdout } = await arena.attack(
        (mode) => [build("trust"), mode, way, "allowed", arena.secret],
        [{ hook: "file_open", names: arena.secret, decision: "denied" }],
      );
      assert.match(stdout, says);
      if (way !== "daemon") assert.match(stdout, /before: 2 of 2/);
    });
  }
});

describe("one program in two places", () => {
  it("is not the other one because it tried to execute itself", async (t) => {
    if (cannot(t)) return;
    const arena = new Arena(t);
    const { stdout } = await attackIdentity(arena, "fake-exec");
    assert.match(stdout, /execve with unreadable arguments: -1 \(Bad address\)/);
  });

  it("is not the other one because it became the other one's child", async (t) => {
    if (cannot(t)) return;
    const arena = new Arena(t);
    const { stdout } = await attackIdentity(arena, "sibling");
    assert.match(stdout, /sibling \(parent \d+\): open: -1/);
  });
});

/** The learned run reads `shared` in the right place, the attack in the wrong one. */
async function attackIdentity(arena: Arena, way: string) {
  const path = arena.write("shared", "shared\n");
  const command = (mode: string) => [build("identity"), mode, path, way];
  await arena.learn(command("learn"));
  writeFileSync(path, "shared\n");
  return arena.attacked(command("attack"), [{ hook: "file_open", names: path }]);
}

describe("the policy", () => {
  it(`kill ends a workload of ${MANY} processes at the first violation`, async (t) => {
    if (cannot(t)) return;
    const arena = new Arena(t);
    const command = (mode: string) => [build("linger"), mode, `${MANY}`];
    await arena.learn(command("learn"), { options: ["--on-exit", "kill"] });
    const { stdout } = await arena.attacked(
      [...command("attack"), arena.secret],
      [{ hook: "file_open", names: arena.secret, decision: "killed" }],
      { options: ["--on-violation", "kill"] },
    );
    assert.match(stdout, /ready/);
    assert.doesNotMatch(stdout, /open:/, "the call that was refused has no answer");
  });

  it("deny leaves the others alone", async (t) => {
    if (cannot(t)) return;
    const arena = new Arena(t);
    const command = (mode: string) => [build("linger"), mode, "4"];
    await arena.learn(command("learn"), { options: ["--on-exit", "kill"] });
    const run = ["run", "-m", "../m.json", "--enforce", "--on-exit", "kill", "--"];
    const running = arena.start([...run, ...command("attack"), arena.secret]);
    const output = running.process.stdout as Readable;
    let said = "";
    while (!said.includes("open: -1")) said += String((await once(output, "data"))[0]);
    assert.ok(arena.processes().length > 4);
    running.process.kill("SIGTERM");
    await running.ended;
    await arena.assertNothingLeft();
  });

  it("observe refuses nothing, records it, and passes the status on", async (t) => {
    const arena = new Arena(t);
    await arena.learn(["cat", "allowed"]);
    const outcome = await arena.enforce(["cat", "secret"], {
      options: ["--on-violation", "observe"],
    });
    assert.equal(outcome.status, 0, outcome.stderr);
    assert.ok(outcome.stdout.includes(arena.token));
    const violation = { hook: "file_open", names: arena.secret, decision: "observed" } as const;
    arena.assertNamed(violation, arena.describe(outcome));
  });
});

describe("a model changed by hand", () => {
  for (const [what, change] of [
    ["a point more", (points: string[]) => [...points, "0".repeat(64)].sort()],
    ["a point less", (points: string[]) => points.slice(1)],
    ["another point", (points: string[]) => [...points.slice(1), "f".repeat(64)]],
  ] as const) {
    it(`is not used: ${what}`, async (t) => {
      const arena = new Arena(t);
      await arena.learn(["cat", "allowed"]);
      const file = join(arena.folder, "m.json");
      const text = readFileSync(file, "utf8");
      const model = JSON.parse(text) as {
        spec: { points: string[]; completeness: { behaviours: number } };
      };
      const points = change(model.spec.points);
      model.spec.points = points;
      model.spec.completeness.behaviours = points.length;
      writeFileSync(file, JSON.stringify(model));
      const { status, stdout, stderr } = await arena.enforce(["cat", "secret"]);
      assert.equal(status, 125, stderr);
      assert.match(stderr, /state/);
      assert.equal(stdout, "");
    });
  }
});
