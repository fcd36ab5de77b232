// SPDX-License-Identifier: Apache-2.0
// Attacks by excess, and with names that are meant for whoever reads the records.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { lacks } from "../workloads/workplace.ts";
import { Arena, assertClean, build, cannot } from "./harness.ts";

const PROCESSES = 200;

describe("excess", () => {
  it("of processes is ended by the policy kill, to the last one", async (t) => {
    if (cannot(t, { root: true }) || lacks(t, "prlimit")) return;
    // the limit of processes counts per user: one that nobody else has
    const arena = new Arena(t, { name: "uid 23456", uid: 23_456 });
    const limit = ["prlimit", `--nproc=${PROCESSES}`];
    const command = (mode: string) => [
      ...limit,
      build("limits"),
      mode,
      "fork",
      "allowed",
      arena.secret,
    ];
    await arena.learn(command("learn"));
    const { stdout } = await arena.attacked(
      command("attack"),
      [{ hook: "file_open", names: arena.secret, decision: "killed" }],
      { options: ["--on-violation", "kill"] },
    );
    const made = Number(/forked: (\d+)/.exec(stdout)?.[1]);
    assert.ok(made > PROCESSES / 2, stdout);
  });

  for (const [what, way, says] of [
    ["of open descriptors", "descriptors", /too many: 99\d\d/],
    ["of paths", "paths", /long path: -1 \(File name too long\)/],
    ["of arguments", "arguments", /arguments of many strings: 7/],
  ] as const) {
    it(`${what} meets the kernel's own errors, and refuses nothing less`, async (t) => {
      if (cannot(t)) return;
      const arena = new Arena(t);
      const { stdout } = await arena.attack(
        (mode) => [build("limits"), mode, way, "allowed", arena.secret],
        [{ hook: "file_open", names: arena.secret }],
      );
      assert.match(stdout, says);
    });
  }
});

/** As in programs/limits.c. */
const HOSTILE = [
  "two\nlines",
  "\u001b[31mred\u001b[0m",
  "\u001b]0;title\u0007",
  "right\u202eleft",
  Buffer.from([...Buffer.from("not-utf8-"), 0xff, 0xfe]),
  '"quote"and\\slash',
  "\r\ngalgo: all is well",
  "tab\there",
  '{"event": {}}, "galgo": {}',
  "nul-less\u0001\u0002",
  "\u009b31mcsi",
];

describe("hostile names of files and processes", () => {
  it("reach neither the terminal nor the structure of the records", async (t) => {
    if (cannot(t)) return;
    const arena = new Arena(t);
    mkdirSync(arena.path("there"));
    for (const name of HOSTILE)
      writeFileSync(Buffer.concat([Buffer.from(`${arena.work}/there/`), Buffer.from(name)]), "x");
    // every line of the records is checked by `attacked`
    const { stderr } = await arena.attack(
      (mode) => [build("limits"), mode, "names", "allowed", arena.secret],
      [
        { hook: "inode_create", names: "two\\nlines" },
        { hook: "file_open", names: "there" },
      ],
    );
    assertClean(stderr);
    for (const line of stderr.split("\n").slice(0, -1)) assert.match(line, /^galgo: /);
    assert.doesNotMatch(stderr, /^galgo: all is well/m);
    const name = "limits";
    for (const words of [
      ["why", name],
      ["show", name, "forensics"],
      ["show", name, "forensics", "--json"],
      ["show", name, "trajectory"],
      ["show", name, "run"],
    ]) {
      const { status, stdout, stderr: complaints } = await arena.galgo(...words);
      assert.equal(status, 0, `${words}: ${complaints}`);
      assertClean(stdout);
    }
  });
});
