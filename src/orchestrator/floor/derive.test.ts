// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  aFile,
  anEvent,
  aPath,
  DIRECTORY_INODE,
  FILE_INODE,
  ROOT,
  TASK,
} from "../../../test/helpers/events.ts";
import type { FileId, SecurityEvent } from "../../event/index.ts";
import { BUILTIN_PROFILES, createMapper, createProfile } from "../../model/index.ts";
import { nodeHasher } from "../../tma/index.ts";
import type { Disclosed } from "../disclosed/disclose.ts";
import { deriveFloor, type FloorPlan } from "./derive.ts";

const PORTABLE = createProfile(BUILTIN_PROFILES.portable, createMapper(nodeHasher("sha256")));
const EXEC = 0x8020;
const READ_WRITE = 0x8002;
const WRITE_ONLY = 0x8001;
const ORDINARY = { ...ROOT, capeff: 0n };

/** Behaviours under the rules of `portable`, with coefficients "0", "1", ... */
function disclosed(events: readonly SecurityEvent[], untold: readonly string[] = []): Disclosed {
  const behaviours = events.map((event, index) => ({
    coefficient: String(index),
    event,
    mapped: PORTABLE.rewrite(event),
  }));
  return { behaviours, untold, foreign: 0 };
}

const open = (pathname: string, changes: Partial<FileId> = {}, coe = ORDINARY): SecurityEvent =>
  anEvent("file_open", { file: aFile(pathname, changes) }, { coe });

const created = (pathname: string, flags = 0x8000): SecurityEvent =>
  open(pathname, { flags, path: { ...aPath(pathname), owner: TASK.taskId, instance: 1n } });

const makes = (pathname: string): SecurityEvent =>
  anEvent("inode_mkdir", {
    dir: DIRECTORY_INODE,
    dentry: { path: { ...aPath(pathname), owner: TASK.taskId, instance: 1n } },
    mode: 0o40755,
  });

function planned(events: readonly SecurityEvent[], allow: readonly string[] = []): FloorPlan {
  const found = deriveFloor(disclosed(events), allow);
  assert.ok(!("reasons" in found), JSON.stringify(found));
  return found;
}

function refused(events: readonly SecurityEvent[], allow: readonly string[] = []): string {
  const found = deriveFloor(disclosed(events), allow);
  assert.ok("reasons" in found);
  return found.reasons.join("\n");
}

describe("the floor of a model", () => {
  it("is what is opened for reading, by whomever: files, listed directories, programs", () => {
    const { paths, unseen } = planned([
      open("/etc/hosts"),
      open("/srv/app", { inode: DIRECTORY_INODE }),
      open("/usr/bin/cat", { flags: EXEC }),
      open("/dev/tty", { flags: READ_WRITE }),
      open("/var/log/app.log", { flags: WRITE_ONLY }),
    ]);
    assert.deepEqual(paths, [
      { path: "/dev/tty", use: "file" },
      { path: "/etc/hosts", use: "file" },
      { path: "/srv/app", use: "listing" },
      { path: "/usr/bin/cat", use: "file" },
    ]);
    // programs and opens for writing are still asked about
    assert.deepEqual([...unseen], ["0", "1"]);
  });

  it("keeps holding opens that create or truncate, whatever they can do afterwards", () => {
    const { unseen } = planned([
      open("/srv/app/a", { flags: 0x8040 }),
      open("/srv/app/b", { flags: 0x8200 }),
    ]);
    assert.deepEqual([...unseen], []);
  });

  it("widens what the workload makes to the directory that it did not make", () => {
    const { paths, widened } = planned([
      makes("/srv/app/out"),
      makes("/srv/app/out/sub"),
      created("/srv/app/out/sub/x.o"),
      created("/tmp/ccAbC123.s"),
      open("/srv/app/main.c"),
      open("/srv/other/main.c"),
    ]);
    assert.deepEqual(paths, [
      { path: "/srv/app", use: "below" },
      { path: "/srv/other/main.c", use: "file" },
      { path: "/tmp", use: "below" },
    ]);
    assert.deepEqual(
      widened.map(({ path, widened: why }) => [path, why]),
      [
        ["/srv/app", "created by the workload"],
        ["/tmp", "created by the workload"],
      ],
    );
  });

  it("widens temporary directories to the directory that they are in", () => {
    const path = { ...aPath("/tmp/tmp.Ab12/x"), temporary: "/tmp/tmp.Ab12" };
    assert.deepEqual(planned([open("/tmp/tmp.Ab12/x", { path })]).paths, [
      { path: "/tmp", use: "below" },
    ]);
  });

  it("follows a file that is moved to the name under which it is read", () => {
    const rename = anEvent("inode_rename", {
      oldDir: DIRECTORY_INODE,
      oldDentry: { inode: FILE_INODE, path: aPath("/srv/app/new.conf") },
      newDir: DIRECTORY_INODE,
      newDentry: { inode: FILE_INODE, path: aPath("/srv/app/app.conf") },
    });
    assert.deepEqual(planned([rename]).paths, []);
    assert.deepEqual(planned([rename, open("/srv/app/app.conf")]).paths, [
      { path: "/srv/app/app.conf", use: "file" },
      { path: "/srv/app/new.conf", use: "file" },
    ]);
  });

  it("leaves out what has no place in the filesystem", () => {
    assert.deepEqual(planned([open("pipe:[123]"), open("/memfd:x (deleted)")]).paths, []);
  });

  it("opens /proc only for those without capabilities, or when asked to", () => {
    const self = (coe: typeof ROOT) =>
      anEvent("file_open", { file: aFile("/proc/77/maps") }, { coe, pid: 77, tgid: 77 });
    assert.deepEqual(planned([self(ORDINARY)]).paths, [{ path: "/proc", use: "below" }]);
    assert.match(refused([self(ROOT)]), /everything below \/proc.*--floor-allow \/proc/);
    assert.equal(planned([self(ROOT)], ["/proc/"]).paths.length, 1);
  });

  it("is refused for secrets and for directories of everybody, each named", () => {
    for (const secret of [
      "/etc/shadow",
      "/root/.ssh/id_ed25519",
      "/home/me/.aws/credentials",
      "/home/me/.netrc",
      "/etc/ssl/private/site.key",
    ]) {
      assert.match(
        refused([open(secret)]),
        new RegExp(`could read ${secret}: a well-known secret`),
      );
      assert.equal(planned([open(secret)], [secret]).paths.length, 1);
    }
    for (const directory of ["/etc", "/home/me", "/var/lib", "/root"])
      assert.match(refused([created(`${directory}/x`)]), new RegExp(`below ${directory}: `));
    const disk = open("/dev/sda", { inode: { ...FILE_INODE, mode: 0o060660 } });
    assert.match(refused([disk]), /a block device/);
    // names alone are no content
    assert.equal(planned([open("/root/.ssh", { inode: DIRECTORY_INODE })]).paths.length, 1);
  });

  it("does not let one allowance open another path", () => {
    assert.match(refused([open("/etc/shadow")], ["/etc/shad", "/etc/shadow-"]), /\/etc\/shadow:/);
  });

  it("is refused where paths change their meaning, and where behaviours are not known", () => {
    const chroot = anEvent("path_chroot", { path: aPath("/srv") });
    assert.match(refused([chroot]), /path_chroot/);
    const unshare: SecurityEvent = {
      ...anEvent("path_chroot", { path: aPath("/") }),
      hook: "syscall",
      syscall: "unshare",
      cell: { args: [0x20000n] },
    };
    assert.match(refused([unshare]), /unshare/);
    const found = deriveFloor(disclosed([open("/etc/hosts")], ["ab", "cd"]), []);
    assert.ok("reasons" in found);
    assert.match(found.reasons.join(), /2 of its behaviours have no record/);
  });
});
