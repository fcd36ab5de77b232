// SPDX-License-Identifier: Apache-2.0
// Who is who: processes that come about in odd ways have the identity of the program that they run and of those before
// it, or none at all; never another program's.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { SecurityEvent } from "../../src/event/event.ts";
import {
  type Workplace,
  buildFixture,
  openWorkplace,
  withoutCompiler,
} from "../helpers/fixture.ts";
import { ROOT_ID, type Sensed, type SensedOptions, runSensed } from "../helpers/sensed.ts";

const NOBODY = "f".repeat(64);
const USER = 1000;
const RACES = 15;
const isRoot = process.geteuid?.() === 0;
const skip = withoutCompiler;
const DRIVER = fileURLToPath(new URL("../helpers/sensed-driver.ts", import.meta.url));
const withoutPrlimit =
  skip || (spawnSync("prlimit", ["--version"]).status === 0 ? false : "needs prlimit");
const skipUnlessRoot = withoutCompiler || (isRoot ? false : "needs root");
const MARKERS = [
  ..."parent child program vforked spawned parent-after successor thread loop from-thread from-leader".split(
    " ",
  ),
  ..."after-enoent after-efault after-efault-of-itself after-e2big-of-itself itself-again orphan".split(
    " ",
  ),
  ..."child-of-the-image-before image-after of-killed of-first of-second of-silent sibling maker".split(
    " ",
  ),
  ..."maker-after born raced thread-before thread-after thread-inner leader-after thread-later".split(
    " ",
  ),
  ..."thread-early child-later of-descendant old-thread old-process reused after-the-crowd".split(
    " ",
  ),
  ...Array.from({ length: 400 }, (_, i) => `crowd-${i}`),
];

let workplace: Workplace;

before(() => {
  if (skip !== false) return;
  workplace = openWorkplace();
  const { folder } = workplace;
  const program = buildFixture(folder, "tasks", ["tasks.c"]);
  for (const name of ["a", "b", "c"]) copyFileSync(program, join(folder, name));
  buildFixture(folder, "static", ["tasks.c"], ["-static"]);
  for (const name of MARKERS) writeFileSync(join(folder, `m-${name}`), "");
  chmodSync(folder, 0o777);
});

after(() => {
  workplace?.dispose();
});

/** Identity chains in short: "a>b" for ./b executed by ./a. */
function chain(taskId: string): string {
  const { folder } = workplace;
  return taskId.replaceAll(`>${folder}/`, ">").replace(`${ROOT_ID}>`, "");
}

interface Marked {
  readonly who: string;
  readonly uid: number;
  readonly euid: number;
  readonly pid: number;
  readonly tgid: number | undefined;
}

interface Scenario extends Sensed {
  /** What was marked, by name; the last one of a name. */
  readonly marks: ReadonlyMap<string, Marked>;
  readonly all: readonly (readonly [string, Marked])[];
}

function markOf(event: SecurityEvent): [string, Marked] | undefined {
  if (event.hook !== "file_open") return undefined;
  const prefix = join(workplace.folder, "m-");
  const { pathname } = event.cell.file.path;
  if (!pathname.startsWith(prefix)) return undefined;
  const { uid, euid } = event.coe;
  const marked = { who: chain(event.task.taskId), uid, euid, pid: event.pid, tgid: event.tgid };
  return [pathname.slice(prefix.length), marked];
}

async function run(args: readonly string[], options: SensedOptions = {}): Promise<Scenario> {
  const { folder } = workplace;
  const sensed = await runSensed([join(folder, "a"), ...args], {
    cwd: folder,
    digests: false,
    keep: ["file_open", "task_kill"],
    ...options,
  });
  assert.equal(sensed.failed, undefined);
  assert.equal(sensed.late, false, sensed.output);
  assert.equal(sensed.output, "");
  assert.ok(sensed.fdsAfter <= sensed.fdsBefore, "the sensor has kept descriptors");
  const all = sensed.events.map(markOf).filter((mark) => mark !== undefined);
  return { ...sensed, marks: new Map(all), all };
}

function assertWho({ marks }: Scenario, expected: Readonly<Record<string, string>>): void {
  const found = Object.keys(expected).map((name) => [name, marks.get(name)?.who]);
  assert.deepEqual(Object.fromEntries(found), expected);
}

test("fork, vfork and exec", { skip }, async () => {
  const scenario = await run(["simple"]);
  assertWho(scenario, {
    parent: "a",
    child: "a",
    program: "a>b",
    vforked: "a",
    spawned: "a>b",
    "parent-after": "a",
    successor: "a>c",
  });
  assert.deepEqual(scenario.losses, []);
  assert.deepEqual(scenario.violations, []);
});

test("a thread that executes a program becomes the process", { skip }, async () => {
  const scenario = await run(["threads"]);
  assertWho(scenario, { thread: "a", loop: "a", "from-thread": "a>b" });
  assert.equal(scenario.marks.get("from-thread")?.pid, scenario.marks.get("from-thread")?.tgid);
  assert.deepEqual(scenario.violations, []);
});

test("a leader that executes a program while its threads go on", { skip }, async () => {
  const scenario = await run(["leader-exec"]);
  assertWho(scenario, { loop: "a", "from-leader": "a>b" });
  assert.deepEqual(scenario.violations, []);
});

test("an exec that fails changes nobody, also not into itself", { skip }, async () => {
  const scenario = await run(["failures"]);
  assertWho(scenario, {
    "after-enoent": "a",
    "after-efault": "a",
    "after-efault-of-itself": "a",
    "after-e2big-of-itself": "a",
    "itself-again": "a>a",
  });
  assert.deepEqual(scenario.violations, []);
});

test("an orphan keeps the identity of who forked it", { skip }, async () => {
  assertWho(await run(["orphan"]), { orphan: "a" });
});

test("a child that is heard of after its parent has become another program", { skip }, async () => {
  assertWho(await run(["outlived-image"]), {
    "child-of-the-image-before": "a",
    "image-after": "a>b",
  });
});

for (const how of ["zombie", "reaped"]) {
  test(`a child that is heard of after its parent was killed (${how})`, { skip }, async () => {
    assertWho(await run(["killed-parent", how]), { "of-killed": "a>b" });
  });
}

test("orphans of two histories of one file", { skip }, async () => {
  assertWho(await run(["killed-parents"]), { "of-first": "a>b", "of-second": "a>c>b" });
});

test("a parent that ends without a word", { skip }, async () => {
  assertWho(await run(["silent-exit"]), { "of-silent": "a" });
});

test("a sibling made with CLONE_PARENT is like its maker, not like its parent", {
  skip,
}, async () => {
  assertWho(await run(["sibling", "stay"]), { sibling: "a>b", maker: "a>b" });
});

test("a sibling of a maker that is another program by then", { skip }, async () => {
  assertWho(await run(["sibling", "exec"]), { sibling: "a>b", "maker-after": "a>b>c" });
});

for (const program of ["./b", "./a"]) {
  test(`children forked while another thread executes ${program}`, { skip }, async () => {
    const after = program === "./b" ? "a>b" : "a>a";
    for (let race = 0; race < RACES; race++) {
      const scenario = await run(["fork-and-exec", program]);
      assertWho(scenario, { raced: after });
      const wrong = scenario.all.filter(
        ([name, { who }]) => name === "born" && who !== "a" && who !== NOBODY,
      );
      assert.deepEqual(wrong, []);
    }
  });
}

test("an orphan that a reaper in the workload adopts is not the reaper's", { skip }, async () => {
  const scenario = await run(["subreaper"]);
  const who = scenario.marks.get("of-descendant")?.who;
  assert.ok(who === "a>b>a" || who === NOBODY, who);
});

test("an orphan that the first process of a pid namespace adopts", {
  skip: skipUnlessRoot,
}, async () => {
  const scenario = await run(["inner-init"]);
  const who = scenario.marks.get("of-descendant")?.who;
  assert.ok(who === "a>b>a" || who === NOBODY, who);
});

test("credentials that one thread alone has changed", { skip: skipUnlessRoot }, async () => {
  const { marks } = await run(["thread-setuid"]);
  const uids = ["thread-before", "thread-after", "thread-inner", "leader-after", "thread-later"];
  assert.deepEqual(
    uids.map((name) => [name, marks.get(name)?.uid, marks.get(name)?.euid]),
    [
      ["thread-before", 0, 0],
      ["thread-after", USER, USER],
      ["thread-inner", USER, USER],
      ["leader-after", 0, 0],
      ["thread-later", 0, 0],
    ],
  );
});

test("credentials that the leader has changed", { skip: skipUnlessRoot }, async () => {
  const { marks } = await run(["leader-setuid"]);
  const names = ["thread-early", "leader-after", "thread-later", "child-later"];
  assert.deepEqual(
    names.map((name) => marks.get(name)?.uid),
    [0, USER, USER, USER],
  );
});

test("a process with the pid of one that was somebody else", { skip: skipUnlessRoot }, async () => {
  const { marks } = await run(["reuse", "process"]);
  assert.equal(marks.get("old-process")?.who, "a>b");
  assert.equal(marks.get("old-process")?.uid, USER);
  assert.equal(marks.get("reused")?.pid, marks.get("old-process")?.pid);
  assert.equal(marks.get("reused")?.who, "a");
  assert.equal(marks.get("reused")?.uid, 0);
});

test("a process with the id of a thread that has ended", { skip: skipUnlessRoot }, async () => {
  const { marks } = await run(["reuse", "thread"]);
  const { pid, tgid, who } = marks.get("reused") ?? {};
  assert.equal(pid, marks.get("old-thread")?.pid);
  assert.equal(tgid, pid);
  assert.equal(who, "a");
});

test("hundreds of processes at once, and what comes after them", { skip }, async () => {
  const scenario = await run(["crowd"]);
  const who = new Set(
    scenario.all.filter(([name]) => name.startsWith("crowd")).map(([, mark]) => mark.who),
  );
  assert.deepEqual([...who], ["a"]);
  assertWho(scenario, { "after-the-crowd": "a>b" });
  assert.deepEqual(scenario.losses, []);
});

test("an agent with few descriptors goes on, and takes nobody for somebody else", {
  skip: withoutPrlimit,
}, () => {
  const { folder } = workplace;
  const options: SensedOptions = { cwd: folder, digests: false, enforcing: true };
  const request = JSON.stringify([[join(folder, "a"), "crowd"], options]);
  const node = [process.execPath, "--import", import.meta.resolve("tsx"), DRIVER, request];
  const driver = spawnSync("prlimit", ["--nofile=100:100", ...node], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const sensed = JSON.parse(driver.stdout) as Sensed;
  assert.equal(sensed.failed, undefined);
  assert.equal(sensed.late, false);
  assert.ok(sensed.losses.length > 0, "the limit was never reached");
  const marks = sensed.events.map(markOf).filter((mark) => mark !== undefined);
  const crowd = marks.filter(([name]) => name.startsWith("crowd"));
  assert.ok(crowd.every(([, { who }]) => who === "a" || who === NOBODY));
  assert.ok(crowd.length > 0);
});

test("a signal goes to the program that runs, heard of or not", { skip }, async () => {
  const { events } = await run(["signal-target"]);
  const targets = events.flatMap((event) =>
    event.hook === "task_kill" ? [chain(event.cell.target)] : [],
  );
  assert.deepEqual(targets, ["a>static", "a>static"]);
});

/** Scenarios with what each marker has to be, unless it is nobody. */
const FIXED: readonly (readonly [readonly string[], Readonly<Record<string, string>>])[] = [
  [["orphan"], { orphan: "a" }],
  [["outlived-image"], { "child-of-the-image-before": "a", "image-after": "a>b" }],
  [["killed-parent", "reaped"], { "of-killed": "a>b" }],
  [["killed-parents"], { "of-first": "a>b", "of-second": "a>c>b" }],
  [["sibling", "exec"], { sibling: "a>b", maker: "a>b", "maker-after": "a>b>c" }],
  [["subreaper"], { "of-descendant": "a>b>a" }],
  [["fork-and-exec", "./b"], { born: "a", raced: "a>b" }],
];

for (const [args, expected] of FIXED) {
  test(`without address space layout randomisation: ${args.join(" ")}`, { skip }, async () => {
    const scenario = await run(["fixed-layout", ...args]);
    for (const [name, { who }] of scenario.all) {
      assert.ok(who === `a>${expected[name]}` || who === NOBODY, `${name}: ${who}`);
    }
    assert.ok(scenario.all.length > 0);
  });
}
