// SPDX-License-Identifier: Apache-2.0
// The rules of the profile portable that make equal what a program does differently each time: each with what it must not make equal.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  aFile,
  anEvent,
  aPath,
  DIRECTORY_INODE,
  FILE_INODE,
} from "../../../test/helpers/events.ts";
import { aRunOf, FIDELITY } from "../../../test/helpers/models.ts";
import {
  different as differentUnder,
  mapper,
  same as sameUnder,
} from "../../../test/helpers/own-rules.ts";
import { SHA256 } from "../../../test/helpers/test-hasher.ts";
import type { DentryId, InodeId, PathId, SecurityEvent } from "../../event/index.ts";
import { cpuCountReads } from "./cpu-count.ts";
import { BUILTIN_PROFILES, createProfile, modelFromRuns } from "../index.ts";
import { belowTemporary, classOf, withoutNumber } from "./rewrite-path.ts";

const portable = createProfile(BUILTIN_PROFILES.portable, mapper);
const OWNER = "ab".repeat(32);
const dir = DIRECTORY_INODE;
const point = (e: SecurityEvent): string => mapper.coefficient(portable.rewrite(e));
const same = (...events: readonly SecurityEvent[]): void => sameUnder(portable, ...events);
const different = (...events: readonly SecurityEvent[]): void =>
  differentUnder(portable, ...events);
const made = (pathname: string, owner = OWNER): DentryId => ({
  inode: FILE_INODE,
  path: { owner, instance: 1n, pathname },
});
const free = (pathname: string): DentryId => ({ path: aPath(pathname) });
const there = (pathname: string): DentryId => ({ inode: FILE_INODE, path: aPath(pathname) });

describe("names that are given to created objects", () => {
  const rename = (oldDentry: DentryId, newDentry: DentryId) =>
    anEvent("inode_rename", { oldDir: dir, oldDentry, newDir: dir, newDentry });
  const link = (oldDentry: DentryId, newDentry: DentryId) =>
    anEvent("inode_link", { oldDentry, dir, newDentry });
  const symlink = (name: string, oldName = "testing", task = {}) =>
    anEvent("inode_symlink", { dir, dentry: free(name), oldName }, task);
  const mknod = (name: string, mode: number, minor = 0) =>
    anEvent("inode_mknod", { dir, dentry: free(name), mode, dev: { major: 8, minor } });

  it("do not count when they are new", () => {
    same(
      rename(made("/d/tmp_idx_1"), free("/d/.tmp-17-a.idx")),
      rename(made("/d/tmp_idx_2"), free("/d/.tmp-18-b.idx")),
    );
    same(
      link(made("/s/sem.a8X"), free("/s/sem.mp-1")),
      link(made("/s/sem.Q2b"), free("/s/sem.mp-2")),
    );
    same(symlink("/r/ta8wplD"), symlink("/r/txeduMD"));
    same(mknod("/r/fifo.11", 0o010600), mknod("/r/fifo.12", 0o010600));
  });

  it("count when something has them: a file is replaced", () => {
    const old = made("/d/new");
    different(
      rename(old, free("/d/x")),
      rename(old, there("/d/x")),
      rename(old, there("/d/y")),
      rename(old, made("/d/z", "cd".repeat(32))),
    );
  });

  it("count when the object was there before the workload", () => {
    const old = there("/etc/passwd");
    different(rename(old, free("/etc/a")), rename(old, free("/etc/b")), link(old, free("/etc/a")));
  });

  it("are told apart by directory, creator, class, and by what they lead to", () => {
    const old = made("/d/new");
    different(
      rename(old, free("/d/x")),
      rename(old, free("/d/x.so")),
      rename(old, free("/e/x")),
      rename(made("/d/new", "cd".repeat(32)), free("/d/x")),
    );
    different(
      symlink("/r/a"),
      symlink("/r/a", "/etc/shadow"),
      symlink("/q/a"),
      symlink("/r/a", "testing", {
        task: { taskId: "cd".repeat(32), pTaskId: "22".repeat(32) },
      }),
    );
    different(mknod("/r/a", 0o010600), mknod("/r/a", 0o060600), mknod("/r/a", 0o060600, 1));
  });

  it("have a class only when it can not be the random end of a name", () => {
    const classes = [
      ["/dev/shm/sem.lptqzu", ""],
      ["/d/list.abcdef", ""],
      ["/d/x.jsonl", "jsonl"],
      ["/etc/systemd/system/x.service", "service"],
      ["/d/x.config", "config"],
    ] as const;
    for (const [pathname, expected] of classes) assert.equal(classOf(pathname), expected);
  });
});

describe("temporary-directory", () => {
  const open = (path: PathId) => anEvent("file_open", { file: aFile(path.pathname, { path }) });
  const inside = (name: string, rest: string): PathId => ({
    pathname: `/tmp/${name}${rest}`,
    temporary: `/tmp/${name}`,
  });

  it("makes paths below one equal to those below another", () => {
    same(open(inside("x-1", "/sub/a")), open(inside("y-2", "/sub/a")));
    same(
      open({ ...inside("x-1", "/a.log"), owner: OWNER, instance: 1n }),
      open({ ...inside("y-2", "/b.log"), owner: OWNER, instance: 9n }),
    );
  });

  it("keeps what is below, the place, and whether it is one", () => {
    different(
      open(inside("x", "/a")),
      open(inside("x", "/b")),
      open(inside("x", "/sub/a")),
      open({ pathname: "/tmp/x/a" }),
      open({ pathname: "/var/tmp/x/a", temporary: "/var/tmp/x" }),
      open({ ...inside("x", "/a"), owner: OWNER, instance: 1n }),
    );
  });

  it("can not be imitated by a directory with that name", () => {
    const path = portable.rewrite(open(inside("x", "/a")));
    assert.ok(path.hook === "file_open");
    assert.equal(path.cell.file.path.pathname, "/tmp//{temporary}/a");
    different(open(inside("x", "/a")), open({ pathname: "/tmp/{temporary}/a" }));
  });

  it("concerns what is below it only", () => {
    assert.equal(belowTemporary("/tmp/x", "/tmp/x"), "/tmp/x");
    assert.equal(belowTemporary("/tmp/xy/a", "/tmp/x"), "/tmp/xy/a");
    assert.equal(belowTemporary("/etc/shadow", "/tmp/x"), "/etc/shadow");
  });
});

describe("pipe-number", () => {
  const open = (pathname: string) =>
    anEvent("file_open", { file: aFile(pathname, { path: { pathname } }) });

  it("forgets the number of pipes and sockets", () => {
    same(open("pipe:[12]"), open("pipe:[345]"));
    same(open("socket:[1]"), open("socket:[2]"));
    different(open("pipe:[1]"), open("socket:[1]"));
  });

  it("keeps numbers that identify something, and names of files", () => {
    for (const name of ["net:[4026531840]", "/pipe:[1]", "pipe:[x]", "pipe:[1]/a"])
      assert.equal(withoutNumber(name), name);
  });
});

describe("truncate-size", () => {
  const cut = (size: bigint, changes: { valid?: number; mode?: number } = {}) =>
    anEvent("inode_setattr", {
      dentry: there("/d/x"),
      attr: { valid: 0x48, mode: 0, uid: 0, gid: 0, size, ...changes },
    });

  it("tells only whether something is left", () => {
    same(cut(1n), cut(207n), cut(1n << 40n));
    different(cut(0n), cut(207n));
  });

  it("keeps every other attribute", () => {
    different(cut(1n), cut(1n, { valid: 0x41 }), cut(1n, { valid: 0x41, mode: 0o4755 }));
  });
});

describe("cpu-count", () => {
  const program = { taskId: "aa".repeat(32), pTaskId: "00".repeat(32) };
  const byThread = anEvent(
    "file_open",
    { file: aFile("/a") },
    { pid: 12, tgid: 10, task: program },
  );
  const byMain = anEvent("file_open", { file: aFile("/a") }, { pid: 20, tgid: 20 });
  const reads = (...events: readonly SecurityEvent[]) =>
    cpuCountReads(events, BUILTIN_PROFILES.portable, mapper.emptyDigest);
  const opened = (
    pathname: string,
    minor: number,
    inode: Pick<InodeId, "mode" | "sMagic" | "sId">,
  ): SecurityEvent => {
    const path = { dev: { major: 0, minor }, pathname };
    const file = {
      flags: 0x8000,
      inode: { uid: 0, gid: 0, ...inode },
      path,
      digest: mapper.emptyDigest,
    };
    return anEvent("file_open", { file }, { pid: 13, tgid: 10, task: program });
  };
  const observed = opened("/sys/devices/system/cpu/online", 22, {
    mode: 0o100444,
    sMagic: 0x62656572,
    sId: "sysfs",
  });
  const overcommit = opened("/proc/sys/vm/overcommit_memory", 21, {
    mode: 0o100644,
    sMagic: 0x9fa0,
    sId: "proc",
  });
  const both = [point(observed), point(overcommit)];

  it("expects what a sensor sees when it happens", () => {
    assert.deepEqual(reads(byThread).map(point), both);
  });

  it("asks for a thread, and for nobody else's sake", () => {
    assert.deepEqual(reads(byMain), []);
    assert.deepEqual(reads(byMain, byThread, byThread).map(point), both);
    const { tgid: _, ...unknown } = byThread;
    assert.deepEqual(reads(unknown), []);
    assert.deepEqual(
      reads(byThread).map((e) => e.task),
      [program, program],
    );
  });

  it("tells credentials apart", () => {
    const coe = { ...byThread.coe, euid: 1000 };
    assert.equal(new Set(reads(byThread, { ...byThread, coe }).map(point)).size, 4);
  });

  it("is part of a model only with its rule", () => {
    const learn = (profile: "exact" | "portable") =>
      modelFromRuns([aRunOf([byThread])], {
        name: "demo",
        profile: BUILTIN_PROFILES[profile],
        hasher: SHA256,
        fidelity: FIDELITY,
      }).model.spec.points;
    assert.deepEqual(learn("portable"), [point(byThread), ...both].sort());
    assert.equal(learn("exact").length, 1);
  });
});
