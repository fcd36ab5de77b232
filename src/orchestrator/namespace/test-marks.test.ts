// SPDX-License-Identifier: Apache-2.0
// Which events are marks, and whose. Processes are real ones: who descends from whom is read from /proc.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, renameSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
  aFile,
  anEvent,
  aPath,
  DIRECTORY_INODE,
  FILE_INODE,
} from "../../../test/helpers/events.ts";
import type { SecurityEvent } from "../../event/index.ts";
import { MAX_TESTS } from "../limits.ts";
import {
  MARKS_VARIABLE,
  makeMarksDirectory,
  removeMarksDirectory,
  TestMarks,
  withMarks,
} from "./test-marks.ts";

const directory = makeMarksDirectory();
after(() => removeMarksDirectory(directory));

const open: TestMarks[] = [];
after(() => {
  for (const marks of open) marks.close();
});
const opened = (): TestMarks => {
  const marks = new TestMarks(directory);
  open.push(marks);
  return marks;
};

const by = (pid: number) => ({ pid, tgid: pid });
const opens = (name: string, pid: number, flags = 0x8041) =>
  anEvent("file_open", { file: aFile(join(directory, name), { flags }) }, by(pid));
const acts = (pid: number): SecurityEvent =>
  anEvent("file_open", { file: aFile("/etc/hostname") }, by(pid));

/** Two processes below this one, neither of which is the other's child. */
let children: ChildProcess[] = [];
before(async () => {
  children = [1, 2].map(() => spawn("sleep", ["600"], { stdio: "ignore" }));
  await Promise.all(children.map((child) => once(child, "spawn")));
});
after(() => {
  for (const child of children) child.kill("SIGKILL");
});
const pidOf = (index: number): number => children[index]?.pid ?? 0;

describe("a directory of marks", () => {
  it("lets everybody make files and nobody else see which", () => {
    assert.equal(statSync(directory).mode & 0o7777, 0o733);
  });

  it("is told to the workload of one run only", () => {
    const env = { A: "1", [MARKS_VARIABLE]: "/elsewhere" };
    assert.deepEqual(withMarks(env, directory), { A: "1", [MARKS_VARIABLE]: directory });
    assert.deepEqual(withMarks(env, undefined), { A: "1" });
  });
});

describe("marks", () => {
  it("hold for the process that makes them and for those below it", () => {
    const marks = opened();
    assert.equal(marks.testOf(acts(process.pid)), undefined);
    assert.ok(marks.take(opens("adds", process.pid)));
    assert.equal(marks.testOf(acts(process.pid)), "adds");
    assert.equal(marks.testOf(acts(pidOf(0))), "adds");
    assert.ok(marks.take(opens("-", process.pid)));
    assert.equal(marks.testOf(acts(pidOf(0))), undefined);
  });

  it("of a process itself go before those of its ancestors", () => {
    const marks = opened();
    marks.take(opens("all", process.pid));
    marks.take(opens("first", pidOf(0)));
    assert.equal(marks.testOf(acts(pidOf(0))), "first");
    assert.equal(marks.testOf(acts(pidOf(1))), "all");
  });

  it("of a program that was started for it are its parent's", () => {
    const marks = opened();
    marks.take(opens("^one", pidOf(0)));
    assert.equal(marks.testOf(acts(pidOf(1))), "one");
    marks.take(opens("^-", pidOf(0)));
    assert.equal(marks.testOf(acts(pidOf(1))), undefined);
  });

  it("hold for everybody when only one process marks, and for nobody else when several do", () => {
    const marks = opened();
    marks.take(opens("a", pidOf(0)));
    assert.equal(marks.testOf(acts(pidOf(1))), "a");
    assert.equal(marks.testOf(acts(process.pid)), "a");
    marks.take(opens("b", pidOf(1)));
    assert.equal(marks.testOf(acts(process.pid)), undefined);
    assert.equal(marks.testOf(acts(pidOf(0))), "a");
    marks.take(opens("-", pidOf(0)));
    assert.equal(marks.testOf(acts(process.pid)), "b");
  });

  it("end with the process that made them", async () => {
    const marks = opened();
    const child = spawn("sleep", ["600"], { stdio: "ignore" });
    await once(child, "spawn");
    marks.take(opens("a", child.pid ?? 0));
    assert.equal(marks.testOf(acts(process.pid)), "a");
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
    assert.equal(marks.testOf(acts(process.pid)), undefined);
    assert.equal(marks.testOf(acts(child.pid ?? 0)), undefined);
  });

  it("leave no file behind, whatever it is called", () => {
    const marks = opened();
    for (const name of ["plain", "\u001b[2J", "\udcff\udc80"]) {
      const file = join(directory, name);
      if (!name.startsWith("\udcff")) writeFileSync(file, "");
      assert.ok(marks.take(opens(name, process.pid)));
      assert.ok(!existsSync(file));
    }
    assert.equal(marks.testOf(acts(process.pid)), "\ufffd\ufffd");
  });

  it("remove nothing elsewhere, whatever the directory's name leads to by then", (t) => {
    const [place, victim] = [makeMarksDirectory(), makeMarksDirectory()];
    t.after(() => {
      for (const folder of [place, `${place}.moved`, victim]) removeMarksDirectory(folder);
    });
    const marks = new TestMarks(place);
    t.after(() => marks.close());
    writeFileSync(join(victim, "x"), "");
    renameSync(place, `${place}.moved`);
    symlinkSync(victim, place);
    assert.ok(marks.take(anEvent("file_open", { file: aFile(join(place, "x")) }, by(process.pid))));
    assert.ok(existsSync(join(victim, "x")));
  });

  it("have names in which %XX stands for what a file name can not have", () => {
    const marks = opened();
    for (const [raw, name] of [
      ["a%2Fb 100%25", "a/b 100%"],
      ["%5Ex", "^x"],
      ["%2D", "-"],
      ["50%", "50%"],
      ["%00%1b%zz", "%00%1b%zz"],
    ] as const) {
      marks.take(opens(raw, process.pid));
      assert.equal(marks.testOf(acts(process.pid)), name);
    }
  });

  it("are no more than a model lists", () => {
    const marks = opened();
    for (let i = 0; i < MAX_TESTS; i += 1) marks.take(opens(`t${i}`, process.pid));
    assert.equal(marks.testOf(acts(process.pid)), `t${MAX_TESTS - 1}`);
    assert.ok(marks.take(opens("one more", process.pid)));
    assert.equal(marks.testOf(acts(process.pid)), undefined);
    marks.take(opens("t7", process.pid));
    assert.equal(marks.testOf(acts(process.pid)), "t7");
  });
});

describe("what is no behaviour", () => {
  const file = aFile(join(directory, "x"), { flags: 0x8041 });
  const dentry = { path: aPath(join(directory, "x")) };
  const here = { inode: FILE_INODE, ...dentry };
  const dir = DIRECTORY_INODE;
  const attr = { valid: 8, mode: 0, uid: 0, gid: 0, size: 0n };
  const overlooked: readonly SecurityEvent[] = [
    anEvent("inode_create", { dir, dentry, mode: 0o644 }),
    anEvent("file_open", { file }),
    anEvent("inode_setattr", { dentry: here, attr }),
    anEvent("file_ioctl", { file, cmd: 0x5401 }),
    anEvent("inode_getattr", { dentry: { inode: dir, path: aPath(directory) } }),
  ];
  for (const event of overlooked) {
    it(`is ${event.hook} of a mark`, () => assert.ok(opened().take(event)));
  }

  const seen: readonly (readonly [string, SecurityEvent])[] = [
    ["running it", anEvent("file_open", { file: { ...file, flags: 0x8020 } })],
    ["mapping it", anEvent("mmap_file", { file, prot: 5, flags: 2 })],
    ["removing it", anEvent("inode_unlink", { dir, dentry: here })],
    [
      "giving it another name",
      anEvent("inode_rename", { oldDir: dir, oldDentry: here, newDir: dir, newDentry: dentry }),
    ],
    ["a file below a mark", anEvent("file_open", { file: aFile(join(directory, "x/y")) })],
    ["the directory itself", anEvent("file_open", { file: aFile(directory) })],
    ["a directory of a similar name", anEvent("file_open", { file: aFile(`${directory}2/x`) })],
    ["memory that is nobody's", anEvent("mmap_file", { prot: 3, flags: 0x22 })],
  ];
  for (const [what, event] of seen) {
    it(`is not ${what}`, () => assert.ok(!opened().take(event)));
  }
});
