// SPDX-License-Identifier: Apache-2.0
// Cgroups of workloads, made for real: joined, frozen, killed, removed, and found again when a Galgo died.
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { tryLock } from "../../src/native/process.ffi.ts";
import { createCgroup, killByFreezing } from "../../src/orchestrator/cgroup.ts";
import type { CgroupHandle } from "../../src/orchestrator/cgroup.ts";
import { buildLaunchers } from "../helpers/built.ts";
import { hold, isRunning, sh, until } from "../helpers/workloads.ts";

const probed = createCgroup("probe");
const skip = "unavailable" in probed ? probed.unavailable : false;
if (!("unavailable" in probed)) await probed.remove();

function make(t: TestContext, name: string): CgroupHandle {
  const group = createCgroup(name);
  if ("unavailable" in group) throw new Error(group.unavailable);
  t.after(async () => {
    group.kill(); // works on frozen processes too
    await group.remove();
  });
  return group;
}

async function sleeper(t: TestContext): Promise<ChildProcess & { pid: number }> {
  const child = spawn("/bin/sleep", ["1000"]);
  t.after(() => child.kill("SIGKILL"));
  await new Promise((resolve) => child.once("spawn", resolve));
  assert.ok(child.pid !== undefined);
  return Object.assign(child, { pid: child.pid });
}

/** A pid that was used and is not any more. */
function deadPid(): number {
  return spawnSync("/bin/true").pid;
}

/** A group that is there without a handle, emptied and removed after the test. */
function leftOver(t: TestContext, path: string): string {
  mkdirSync(path);
  t.after(() => {
    if (existsSync(path)) rmdirSync(path);
  });
  return path;
}

describe("a cgroup", { skip, timeout: 120_000 }, () => {
  it("is named after the workload and this process, whatever the name", (t) => {
    const group = make(t, "../odd name\n");
    assert.match(group.path, new RegExp(`/galgo-.._odd_name_-${process.pid}\\.workload$`));
    assert.ok(existsSync(group.path));
    assert.equal(make(t, "../odd name\n").path, group.path.replace(".workload", ".1.workload"));
  });

  it("holds the processes that join it and what they start", async (t) => {
    const group = make(t, "join");
    const child = spawn("/bin/sh", ["-c", "read go; sleep 1000 & wait"], {
      stdio: ["pipe", "ignore", "ignore"],
    });
    t.after(() => child.kill("SIGKILL"));
    assert.ok(child.pid !== undefined);
    group.add(child.pid);
    child.stdin?.write("\n");
    await until("it has started another", () => group.procs().length === 2);
    assert.ok(group.procs().includes(child.pid));
    group.kill();
    await until("both are gone", () => group.procs().length === 0);
  });

  it("says which process can not join", (t) => {
    const group = make(t, "join");
    assert.throws(
      () => group.add(deadPid()),
      /^Error: can not move process \d+ into the cgroup .*: ESRCH$/,
    );
  });

  it("stops and goes on", async (t) => {
    const group = make(t, "freeze");
    const frozen = (): boolean =>
      /^frozen 1$/m.test(readFileSync(join(group.path, "cgroup.events"), "utf8"));
    group.add((await sleeper(t)).pid);
    group.freeze();
    await until("it is frozen", frozen);
    group.thaw();
    await until("it is thawed", () => !frozen());
  });

  it("kills what is frozen, and what is in groups below", async (t) => {
    const group = make(t, "kill");
    const below = join(group.path, "below");
    mkdirSync(below);
    const [first, second] = [await sleeper(t), await sleeper(t)];
    group.add(first.pid);
    writeFileSync(join(below, "cgroup.procs"), String(second.pid));
    group.freeze();
    group.kill();
    await until("both are dead", () => !isRunning(first.pid) && !isRunning(second.pid));
  });

  it("can be killed without cgroup.kill", async (t) => {
    const group = make(t, "old-kernel");
    const below = join(group.path, "below");
    mkdirSync(below);
    const [first, second] = [await sleeper(t), await sleeper(t)];
    group.add(first.pid);
    writeFileSync(join(below, "cgroup.procs"), String(second.pid));
    killByFreezing(group.path);
    await until("both are dead", () => !isRunning(first.pid) && !isRunning(second.pid));
  });

  it("is removed when the last process has left, with groups below it", async (t) => {
    const group = make(t, "remove");
    mkdirSync(join(group.path, "below", "deeper"), { recursive: true });
    const child = await sleeper(t);
    group.add(child.pid);
    const removing = group.remove();
    assert.ok(existsSync(group.path));
    child.kill("SIGKILL");
    assert.equal(await removing, true);
    assert.equal(existsSync(group.path), false);
    assert.equal(await group.remove(), true);
  });
});

describe("a Galgo that starts", { skip, timeout: 120_000 }, () => {
  const parent = "unavailable" in probed ? "" : dirname(probed.path);

  it("removes what a dead one left", (t) => {
    const path = leftOver(t, join(parent, `galgo-some-name-${deadPid()}.workload`));
    mkdirSync(join(path, "below"));
    const numbered = leftOver(t, path.replace(".workload", ".7.workload"));
    make(t, "next");
    assert.deepEqual([path, numbered].filter(existsSync), []);
  });

  it("kills what a dead one left running", async (t) => {
    const path = leftOver(t, join(parent, `galgo-some-name-${deadPid()}.workload`));
    const { pid } = await sleeper(t);
    writeFileSync(join(path, "cgroup.procs"), String(pid));
    make(t, "next");
    await until("it is dead", () => !isRunning(pid));
    make(t, "one-more");
    assert.equal(existsSync(path), false);
  });

  it("leaves the groups of others alone", (t) => {
    const alive = leftOver(t, join(parent, `galgo-alive-${process.ppid}.workload`));
    const foreign = leftOver(t, join(parent, `other-${deadPid()}`));
    const container = leftOver(t, join(parent, `galgo-db-${deadPid()}`));
    const elsewhere = leftOver(t, join(parent, `galgo-in-a-container-${deadPid()}.workload`));
    const held = openSync(elsewhere, "r");
    t.after(() => closeSync(held));
    assert.ok(tryLock(held));
    make(t, "next");
    assert.deepEqual(
      [alive, foreign, container, elsewhere].filter((path) => !existsSync(path)),
      [],
    );
  });
});

describe("where there can be no cgroup, Galgo", {
  skip: process.getuid?.() !== 0 && "needs root to arrange it",
}, () => {
  const module = new URL("../../src/orchestrator/cgroup.ts", import.meta.url).href;
  const program = `import { createCgroup } from ${JSON.stringify(module)}; console.log(JSON.stringify(createCgroup("x")));`;
  const node = [
    process.execPath,
    "--import",
    import.meta.resolve("tsx"),
    "--input-type=module",
    "-e",
    program,
  ];

  it("says that an ordinary user may not have one", () => {
    const [file = "", ...args] = node;
    const text = execFileSync(file, args, { encoding: "utf8", uid: 65534, gid: 65534 });
    assert.match(
      text,
      /^\{"unavailable":"can not make a cgroup in .*: E[A-Z]+ \(not delegated to us\)"\}$/m,
    );
  });

  it("says that a threaded group can have none below it", { skip }, (t) => {
    const group = make(t, "threaded");
    mkdirSync(join(group.path, "thread"));
    writeFileSync(join(group.path, "thread", "cgroup.type"), "threaded");
    const script = 'echo $$ >"$0/cgroup.procs"; exec "$@"';
    const text = execFileSync("/bin/sh", ["-c", script, join(group.path, "thread"), ...node], {
      encoding: "utf8",
    });
    assert.match(
      text,
      /^\{"unavailable":"processes can not join a cgroup in .* its parent is threaded"\}$/m,
    );
  });
});

describe("a workload in a cgroup", { skip, timeout: 120_000 }, () => {
  const hasNative = buildLaunchers();
  for (const launcher of ["native", "node"] as const) {
    it(`is in it before it starts, through the ${launcher} launcher`, {
      skip: launcher === "native" && !hasNative,
    }, async (t) => {
      const group = make(t, "workload");
      const { workload, output, go } = await hold(
        t,
        launcher,
        sh("cat /proc/self/cgroup; sleep 1000 & wait"),
        { cgroup: group },
      );
      assert.deepEqual(group.procs(), [workload.pid]);
      assert.ok(workload.features.includes("cgroup"));
      go();
      const name = group.path.slice(group.path.lastIndexOf("/"));
      await until("it has written", () => output().includes(`${name}\n`));
      group.kill();
      await workload.drained;
      assert.equal(await group.remove(), true);
    });

    it(`runs without it when it may not join, through the ${launcher} launcher`, {
      skip: launcher === "native" && !hasNative,
    }, async (t) => {
      const directoryFd = openSync(tmpdir(), "r"); // the directory of no cgroup
      t.after(() => closeSync(directoryFd));
      const refusing = {
        directoryFd,
        kill: () => undefined,
        add: () => {
          throw new Error("no");
        },
      };
      const { workload, go } = await hold(t, launcher, sh("exit 3"), { cgroup: refusing });
      assert.equal(workload.groupProblem, "no");
      assert.equal(workload.features.includes("cgroup"), false);
      go();
      assert.deepEqual(await workload.exited, { code: 3, signal: null });
    });
  }
});
