// SPDX-License-Identifier: Apache-2.0
// Paths are resolved as the kernel does: this process is the task, and each result is compared with the kernel's own for
// the same path.
import assert from "node:assert/strict";
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { errno } from "../../native/libc.ffi.ts";
import { sys } from "../../native/syscalls.ffi.ts";
import { AT, E, O } from "../file/open-flags.ts";
import { RESOLVE } from "./origin.ts";
import { readStatus } from "./proc.ts";
import { Process, Task } from "./process.ts";
import {
  type Resolved,
  type ResolveOptions,
  openTaskFd,
  resolve,
  resolveParent,
} from "./resolve.ts";
import { pathOfFd, statFd } from "../file/stat.ts";
import { type View, Views } from "./view.ts";

const OPENAT2 = 437;
const HOW_SIZE = 24;
const folder = mkdtempSync(join(tmpdir(), "galgo-resolve-"));
const cwd = process.cwd();
let views: Views;
let task: Task;

before(() => {
  mkdirSync(join(folder, "dir/sub"), { recursive: true });
  writeFileSync(join(folder, "file"), "file");
  writeFileSync(join(folder, "dir/inner"), "inner");
  const links = {
    link: "file",
    "dir/up": "..",
    "dir/back": "../dir",
    absolute: join(folder, "dir"),
    root: "/",
    "in-root": "/dir/inner",
    dangling: "nowhere",
    "dangling-deep": "nowhere/else",
    "dir/dangling-up": "../fresh",
    self: "self",
    ping: "pong",
    pong: "ping",
    dirlink: "dir/",
    filelink: "file/",
    chain: "dir/back/up/link",
    own: "/proc/self/exe",
    fds: "/proc/self/fd",
    empty: ".",
  };
  for (const [name, target] of Object.entries(links)) symlinkSync(target, join(folder, name));
  for (let i = 0; i < 45; i++)
    symlinkSync(i === 0 ? "file" : `hop${i - 1}`, join(folder, `hop${i}`));
  process.chdir(folder);
  views = new Views();
  task = makeTask(views.of(process.pid));
});

after(() => {
  process.chdir(cwd);
  sys().close(task.process.pidfd);
  views.close();
  rmSync(folder, { recursive: true, force: true });
});

function makeTask(view: View): Task {
  const status = readStatus(process.pid);
  assert.ok(status !== undefined);
  const identity = { taskId: "test", pTaskId: "" };
  const image = { stamp: "", identity, untrusted: false };
  const birth = { image, identity, name: "test", untrusted: false };
  return new Task(
    process.pid,
    new Process(process.pid, process.ppid, birth, { view, epoch: 0 }),
    status,
  );
}

const bytes = (path: string): Buffer => Buffer.from(`${path}\0`, "latin1");

/** What both ways are compared by: the object, or the errno's number. */
type Outcome = string | number;

/** The kernel's own answer for this process. */
function native(dirfd: number, path: string, options: ResolveOptions): Outcome {
  const how = Buffer.alloc(HOW_SIZE);
  const flags = O.PATH | O.CLOEXEC | (options.follow ? 0 : O.NOFOLLOW);
  how.writeBigUInt64LE(BigInt(flags), 0);
  how.writeBigUInt64LE(options.flags ?? 0n, 16);
  const fd = Number(sys().syscallPath4(OPENAT2, dirfd, bytes(path), how, HOW_SIZE));
  if (fd < 0) return errno();
  const key = statFd(fd)?.key ?? "?";
  sys().close(fd);
  return key;
}

function outcomeOf(result: Resolved): Outcome {
  if (result.kind === "error") return result.errno;
  const fd = result.kind === "found" ? result.fd : result.dirFd;
  sys().close(fd);
  return result.kind === "found" ? result.stat.key : E.NOENT;
}

const ours = (dirfd: number, path: string, options: ResolveOptions, who: Task = task): Outcome =>
  outcomeOf(resolve({ task: who, dirfd }, bytes(path), options));

function assertSame(path: string, dirfd: number = AT.FDCWD, flags = 0n): void {
  for (const follow of [true, false]) {
    const options = { follow, flags };
    assert.equal(
      ours(dirfd, path, options),
      native(dirfd, path, options),
      `${path} ${follow} ${flags}`,
    );
  }
}

const PATHS = [
  ..."file dir dir/inner link chain absolute absolute/inner dir/up/file dir/back/back/inner root".split(
    " ",
  ),
  ..."missing missing/x file/x dangling dangling/x dangling-deep self self/x ping pong/x".split(
    " ",
  ),
  ..."dir/ dir// file/ link/ dirlink dirlink/ dirlink/inner filelink filelink/ dir/. dir/.. . ..".split(
    " ",
  ),
  ...".//dir/.//inner ../.. hop39 hop40 hop41 hop44 empty empty/file".split(" "),
  ..."/ // /.. /../.. /. /etc/passwd /etc/../etc/passwd /etc/passwd/ /no/such /dev/null /dev/fd".split(
    " ",
  ),
  ..."/proc /proc/ /proc/self /proc/self/ /proc/self/stat /proc/thread-self/stat /proc/self/exe".split(
    " ",
  ),
  ..."/proc/self/exe/ /proc/self/exe/x /proc/self/cwd/file /proc/self/root/etc/passwd /proc/self/fd".split(
    " ",
  ),
  ..."/proc/self/cwd/../. /proc/self/nothing /proc/self/fd/99999 /dev/fd/99999 own own/x fds".split(
    " ",
  ),
  ..."/proc/self/task /proc/1/stat /proc/self/ns/mnt /proc/self/fd/0/x /proc/mounts".split(" "),
];

test("paths as the kernel resolves them", () => {
  for (const path of PATHS) assertSame(path);
});

test("descriptors of this process through /proc and /dev", () => {
  const fd = openSync(join(folder, "dir"), "r");
  try {
    for (const prefix of [
      "/proc/self/fd",
      "/dev/fd",
      "/proc/thread-self/fd",
      `/proc/${process.pid}/fd`,
      "fds",
    ]) {
      for (const rest of ["", "/", "/inner", "/../file", "/missing"])
        assertSame(`${prefix}/${fd}${rest}`);
    }
  } finally {
    closeSync(fd);
  }
});

test("paths that start at a descriptor", () => {
  const dir = openSync(join(folder, "dir"), "r");
  const file = openSync(join(folder, "file"), "r");
  try {
    for (const path of ["inner", "../file", "up/file", ".", "..", "missing", "", "/etc/passwd"]) {
      assertSame(path, dir);
      assertSame(path, file);
      assertSame(path, 99_999);
      assertSame(path, -1);
    }
  } finally {
    closeSync(dir);
    closeSync(file);
  }
});

test("the limits that openat2 sets", () => {
  const dir = openSync(join(folder, "dir"), "r");
  const { NO_XDEV, NO_MAGICLINKS, NO_SYMLINKS, BENEATH, IN_ROOT } = RESOLVE;
  const limits = [NO_XDEV, NO_MAGICLINKS, NO_SYMLINKS, BENEATH, IN_ROOT, NO_XDEV | IN_ROOT];
  try {
    for (const flags of limits) {
      for (const path of PATHS) assertSame(path, AT.FDCWD, flags);
      for (const path of ["inner", "/inner", "../file", "/../../inner", "up/file", "sub/../inner"])
        assertSame(path, dir, flags);
    }
  } finally {
    closeSync(dir);
  }
});

test("names of the kernel's longest sizes", () => {
  for (const length of [254, 255, 256]) assertSame("n".repeat(length));
  for (const length of [4094, 4095, 4096, 8000]) {
    const path = `${"./".repeat(length / 2).slice(0, length - 4)}file`;
    assertSame(path);
  }
  assertSame(`${"dir/../".repeat(500)}file`);
});

const component = fc.constantFrom(
  ..."file dir inner sub up back link absolute root dangling self dirlink . .. missing chain proc self".split(
    " ",
  ),
  "",
);
const randomPath = fc
  .tuple(fc.boolean(), fc.array(component, { minLength: 1, maxLength: 6 }), fc.boolean())
  .map(([rooted, parts, slash]) => `${rooted ? "/" : ""}${parts.join("/")}${slash ? "/" : ""}`);

test("any path", () => {
  fc.assert(
    fc.property(randomPath, (path) => {
      assertSame(path);
    }),
    { numRuns: 500 },
  );
});

/** A task whose root is the test's folder. */
function withJail<T>(work: (jailed: Task, root: number) => T): T {
  const rootFd = sys().open(bytes(folder), O.PATH | O.DIRECTORY | O.CLOEXEC, 0);
  const jailed = makeTask({ ...task.process.view, sameRoot: false, rootFd, prefix: folder });
  try {
    return work(jailed, rootFd);
  } finally {
    sys().close(jailed.process.pidfd);
    sys().close(rootFd);
  }
}

test("any path below another root, as the kernel does with RESOLVE_IN_ROOT", () => {
  withJail((jailed, root) => {
    fc.assert(
      fc.property(randomPath, fc.boolean(), (path, follow) => {
        const absolute = `/${path}`;
        const expected = native(root, absolute, { follow, flags: RESOLVE.IN_ROOT });
        assert.equal(ours(AT.FDCWD, absolute, { follow }, jailed), expected, absolute);
      }),
      { numRuns: 300 },
    );
    assert.equal(
      ours(AT.FDCWD, "/in-root", { follow: true }, jailed),
      native(AT.FDCWD, "dir/inner", { follow: true }),
    );
    assert.equal(
      ours(AT.FDCWD, "/../../../file", { follow: true }, jailed),
      native(AT.FDCWD, "file", { follow: true }),
    );
  });
});

interface Missing {
  readonly directory: string;
  readonly name: string;
}

function creating(path: string, follow = true): Missing | Outcome {
  const result = resolve({ task, dirfd: AT.FDCWD }, bytes(path), { follow, creating: true });
  if (result.kind !== "missing") return outcomeOf(result);
  const directory = pathOfFd(result.dirFd);
  sys().close(result.dirFd);
  return { directory, name: result.name.toString("latin1", 0, result.name.length - 1) };
}

test("where a missing file would be made", () => {
  const at = (directory: string, name: string): Missing => ({ directory, name });
  assert.deepEqual(creating("new"), at(folder, "new"));
  assert.deepEqual(creating("dir/new"), at(join(folder, "dir"), "new"));
  assert.deepEqual(creating("dir/up/new"), at(folder, "new"));
  assert.deepEqual(creating("dangling"), at(folder, "nowhere"));
  assert.deepEqual(creating("dir/dangling-up"), at(folder, "fresh"));
  assert.deepEqual(creating("absolute/new"), at(join(folder, "dir"), "new"));
  assert.deepEqual(creating("dangling", false), native(AT.FDCWD, "dangling", { follow: false }));
  assert.equal(creating("dangling-deep"), E.NOENT);
  assert.equal(creating("missing/new"), E.NOENT);
  assert.equal(creating("file/new"), E.NOTDIR);
  assert.equal(creating("file"), native(AT.FDCWD, "file", { follow: true }));
});

function parentOf(path: string): Missing | number {
  const result = resolveParent({ task, dirfd: AT.FDCWD }, bytes(path));
  if (result.kind === "error") return result.errno;
  const directory = pathOfFd(result.dirFd);
  sys().close(result.dirFd);
  return { directory, name: result.name.toString("latin1", 0, result.name.length - 1) };
}

test("the directory and the last component of a path", () => {
  const at = (directory: string, name: string): Missing => ({ directory, name });
  assert.deepEqual(parentOf("x"), at(folder, "x"));
  assert.deepEqual(parentOf("x/"), at(folder, "x/"));
  assert.deepEqual(parentOf("dir/x//"), at(join(folder, "dir"), "x//"));
  assert.deepEqual(parentOf("dirlink/x"), at(join(folder, "dir"), "x"));
  assert.deepEqual(parentOf("link"), at(folder, "link"));
  assert.deepEqual(parentOf("dir/.."), at(join(folder, "dir"), ".."));
  assert.deepEqual(parentOf("/x"), at("/", "x"));
  assert.deepEqual(parentOf("/"), at("/", "/"));
  assert.deepEqual(parentOf("///"), at("/", "/"));
  assert.equal(parentOf(""), E.NOENT);
  assert.equal(parentOf("missing/x"), E.NOENT);
  assert.equal(parentOf("file/x"), E.NOTDIR);
});

test("descriptors of the task", () => {
  const fd = openSync(join(folder, "file"), "r");
  try {
    assert.equal(outcomeOf(openTaskFd(task, fd)), native(AT.FDCWD, "file", { follow: true }));
  } finally {
    closeSync(fd);
  }
  assert.equal(outcomeOf(openTaskFd(task, 99_999)), E.BADF);
  assert.equal(outcomeOf(openTaskFd(task, -1)), E.BADF);
});

test("no descriptor is left open", () => {
  const count = (): number => readdirSync("/proc/self/fd").length;
  const before = count();
  for (const path of PATHS) {
    ours(AT.FDCWD, path, { follow: true });
    creating(path);
    parentOf(path);
  }
  withJail((jailed) => {
    for (const path of PATHS) ours(AT.FDCWD, path, { follow: true }, jailed);
  });
  assert.equal(count(), before);
});
