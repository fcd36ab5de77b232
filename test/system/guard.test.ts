// SPDX-License-Identifier: Apache-2.0
// Nothing of a workload outlives Galgo, its guard or an order to kill; and the guard hears only what is meant for it.
// The same tests run over the native launcher and the one in Node.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { createCgroup } from "../../src/orchestrator/cgroup.ts";
import { descendants, killProcess, processEntry } from "../../src/sensor/seccomp/launch-tree.ts";
import { buildLaunchers } from "../helpers/built.ts";
import { Driver, hold, isRunning, sh, until } from "../helpers/workloads.ts";
import type { DriverOptions } from "../helpers/workloads.ts";

const hasNative = buildLaunchers();
const cgroup = cgroupProblem();
const { SIGKILL, SIGSTOP } = constants.signals;

/** Starts two daemons (double fork, own session) besides a plain child; prints their pids, then waits. */
const WITH_DAEMONS = `
daemon() { setsid sh -c 'trap "" HUP TERM INT; sh -c "exec sleep 1000" & echo $!; echo $$; wait' & }
(daemon; daemon)
sleep 1000 & echo $!
echo $$
wait
sleep 1000`;
const DAEMON_PIDS = 6;

/** Why a test can not have a /proc of its own. */
const NO_MOUNTS: string | false = mountProblem();

function mountProblem(): string | false {
  try {
    execFileSync("unshare", ["-m", "mount", "-t", "tmpfs", "tmpfs", "/proc"], { stdio: "ignore" });
    return false;
  } catch {
    return "may not mount";
  }
}

function cgroupProblem(): string | false {
  const group = createCgroup("probe");
  if ("unavailable" in group) return group.unavailable;
  void group.remove();
  return false;
}

/** Reads the pids that a workload prints, and makes sure that they end with the test. */
async function readPids(
  t: TestContext,
  lines: AsyncIterator<string>,
  count: number,
): Promise<number[]> {
  const pids: number[] = [];
  t.after(() => pids.forEach(killProcess));
  while (pids.length < count) {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`only ${pids.length} pids were printed`);
    pids.push(Number(value));
  }
  return pids;
}

interface Running {
  readonly driver: Driver;
  readonly guardPid: number;
  readonly cgroup: string | undefined;
  readonly pids: readonly number[];
}

async function startDaemons(
  t: TestContext,
  options: Omit<DriverOptions, "command">,
): Promise<Running> {
  const driver = new Driver(t, { ...options, command: sh(WITH_DAEMONS) });
  const lines = driver.lines();
  const { launched } = await driver.report();
  assert.ok(launched);
  const pids = await readPids(t, lines, DAEMON_PIDS);
  assert.ok(pids.every(isRunning));
  return { driver, guardPid: launched.guardPid, cgroup: launched.cgroup, pids };
}

/**
 * Replaces /proc, as the guard sees it, by a folder that holds nothing but what kernels with CONFIG_PROC_CHILDREN have and
 * others do not.
 */
function onlyListsOfChildren(guardPid: number): void {
  const tree = [guardPid, ...descendants(guardPid)];
  const lists = tree.map((pid) => {
    const below = tree.filter((other) => processEntry(other)?.parent === pid);
    return [pid, below.map((child) => `${child} `).join("")] as const;
  });
  execFileSync("nsenter", ["-t", String(guardPid), "-m", "mount", "-t", "tmpfs", "tmpfs", "/proc"]);
  for (const [pid, text] of lists) {
    const folder = `/proc/${guardPid}/root/proc/${pid}/task/${pid}`;
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${folder}/children`, text);
  }
  symlinkSync(String(guardPid), `/proc/${guardPid}/root/proc/self`);
}

function gone(pids: readonly number[]): Promise<void> {
  return until("the workload is gone", () => !pids.some(isRunning));
}

for (const launcher of ["native", "node"] as const) {
  const skip = launcher === "native" && !hasNative ? "there is no C compiler" : false;

  describe(`when Galgo is killed, the ${launcher} guard`, { skip, timeout: 120_000 }, () => {
    it("kills the workload, daemons included", async (t) => {
      const { driver, guardPid, pids } = await startDaemons(t, { launcher });
      driver.process.kill("SIGKILL");
      await gone([...pids, guardPid]);
    });

    it("kills and removes its cgroup", { skip: cgroup }, async (t) => {
      const running = await startDaemons(t, { launcher, cgroup: "guard-test" });
      assert.ok(running.cgroup !== undefined && existsSync(running.cgroup));
      running.driver.process.kill("SIGKILL");
      await gone([...running.pids, running.guardPid]);
      assert.equal(existsSync(running.cgroup), false);
    });
  });

  describe(`when the ${launcher} guard is killed, Galgo`, { skip, timeout: 120_000 }, () => {
    for (const withGroup of [false, true]) {
      it(`kills the workload ${withGroup ? "by its cgroup" : "one by one"}`, {
        skip: withGroup && cgroup,
      }, async (t) => {
        const running = await startDaemons(t, {
          launcher,
          ...(withGroup ? { cgroup: "guard-test" } : {}),
        });
        process.kill(running.guardPid, "SIGKILL");
        const { error } = await running.driver.report();
        assert.equal(error?.code, "GUARD_DIED");
        assert.match(
          error.message,
          /^the guard \(pid \d+\) of the workload ended unexpectedly; the workload was killed$/,
        );
        assert.deepEqual(running.pids.filter(isRunning), []);
        assert.equal((await running.driver.ended).code, 125);
      });
    }
  });

  describe(`the ${launcher} guard`, { skip, timeout: 120_000 }, () => {
    it("tells the end of the command from the end of the workload", async (t) => {
      const { workload, go } = await hold(t, launcher, sh("setsid sleep 1000 & sleep 0"));
      go();
      assert.deepEqual(await workload.exited, { code: 0, signal: null });
      const [left] = descendants(workload.guardPid);
      assert.ok(left !== undefined && isRunning(left));
      workload.kill();
      await workload.drained;
      assert.equal(isRunning(left), false);
    });

    it("kills a hundred processes", async (t) => {
      const script = "for i in $(seq 33); do (setsid sleep 1000 & sleep 1000 & wait) & done; wait";
      const { workload, go } = await hold(t, launcher, sh(script));
      go();
      await until("a hundred are there", () => descendants(workload.guardPid).length >= 100);
      const all = descendants(workload.guardPid);
      workload.kill();
      assert.deepEqual(await workload.exited, { code: null, signal: SIGKILL });
      await workload.drained;
      assert.deepEqual(all.filter(isRunning), []);
    });

    it("kills what forks all the time", async (t) => {
      const loop = "(while :; do (setsid sleep 0.02 &); sleep 0.01; done) &";
      const { workload, go } = await hold(t, launcher, sh(`${loop} ${loop} ${loop} ${loop} wait`));
      go();
      await until("some are there", () => descendants(workload.guardPid).length >= 12);
      workload.kill();
      await workload.drained;
      await until("the guard has gone too", () => !isRunning(workload.guardPid));
    });

    it("is woken up to kill when it was stopped", async (t) => {
      const { workload, go } = await hold(t, launcher, ["/bin/sleep", "1000"]);
      go();
      process.kill(workload.guardPid, SIGSTOP);
      workload.kill();
      assert.deepEqual(await workload.exited, { code: null, signal: SIGKILL });
      await workload.drained;
    });

    it("outlives every signal that a terminal or a user sends", async (t) => {
      const { workload, go } = await hold(t, launcher, ["/bin/cat"], { stdio: [0, 1, 2] });
      for (const name of [
        "SIGHUP",
        "SIGINT",
        "SIGQUIT",
        "SIGTERM",
        "SIGTSTP",
        "SIGTTIN",
        "SIGTTOU",
        "SIGUSR1",
        "SIGUSR2",
        "SIGALRM",
        "SIGPIPE",
      ] as const) {
        process.kill(workload.guardPid, name);
      }
      go();
      workload.kill();
      assert.deepEqual(await workload.exited, { code: null, signal: SIGKILL });
      await workload.drained;
    });
  });

  describe(`with lists of children in /proc, the ${launcher} guard`, {
    skip: skip || NO_MOUNTS,
  }, () => {
    it("needs nothing else to find the workload", async (t) => {
      const { driver, guardPid, pids } = await startDaemons(t, { launcher, unshare: "mounts" });
      onlyListsOfChildren(guardPid);
      driver.process.kill("SIGKILL");
      await gone([...pids, guardPid]);
    });
  });

  describe(`as process 1, Galgo with the ${launcher} launcher`, {
    skip: skip || NO_MOUNTS,
    timeout: 120_000,
  }, () => {
    it("gives back the exit code", async (t) => {
      const driver = new Driver(t, { launcher, unshare: "pids", command: sh("exit 9") });
      await driver.report();
      assert.deepEqual(await driver.report(), { exited: { code: 9, signal: null } });
      assert.deepEqual(await driver.report(), { drained: true });
      assert.deepEqual(await driver.ended, { code: 9, signal: null });
    });

    it("kills a workload that kills its guard", async (t) => {
      const command = sh("setsid sleep 1000 & kill -9 $PPID; sleep 1000");
      const driver = new Driver(t, { launcher, unshare: "pids", command });
      await driver.report();
      assert.equal((await driver.report()).error?.code, "GUARD_DIED");
      assert.equal((await driver.ended).code, 125);
    });
  });

  describe(`signals through the ${launcher} guard`, { skip, timeout: 120_000 }, () => {
    const command = sh(
      "trap 'echo got TERM' TERM; trap 'echo got INT' INT; echo ready; while :; do read line </dev/null; sleep 0.01; done",
    );

    it("reach the command once when the whole process group got them", async (t) => {
      const driver = new Driver(t, { command, launcher }, { detached: true });
      const lines = driver.lines();
      await driver.report();
      assert.equal((await lines.next()).value, "ready");
      process.kill(-(driver.process.pid ?? 0), "SIGINT");
      assert.equal((await lines.next()).value, "got INT");
      process.kill(-(driver.process.pid ?? 0), "SIGTERM");
      assert.equal((await lines.next()).value, "got TERM"); // and not INT again
    });

    it("reach the command when only Galgo got them", async (t) => {
      const driver = new Driver(t, { command, launcher }, { detached: true });
      const lines = driver.lines();
      await driver.report();
      assert.equal((await lines.next()).value, "ready");
      driver.process.kill("SIGINT");
      assert.equal((await lines.next()).value, "got INT");
      driver.process.kill("SIGTERM");
      assert.equal((await lines.next()).value, "got TERM");
    });
  });

  describe(`the ${launcher} launcher inside a filter`, { skip, timeout: 120_000 }, () => {
    for (const [errno, name, reason] of [
      [1, "EPERM", /a seccomp filter around Galgo forbids it/],
      [38, "ENOSYS", /this kernel has no seccomp filters/],
      [13, "EACCES", /without no_new_privs this needs CAP_SYS_ADMIN/],
      [16, "EBUSY", /a filter with a listener is in force already/],
    ] as const) {
      it(`says in one line that seccomp is refused with ${name}`, async (t) => {
        const driver = new Driver(t, {
          command: ["/bin/true"],
          launcher,
          refuse: { errno, calls: ["seccomp"] },
        });
        const { error } = await driver.report();
        assert.equal(error?.code, "NO_USER_NOTIFICATION");
        assert.match(error.message, reason);
        assert.ok(error.message.includes(name) && !error.message.includes("\n"));
        assert.deepEqual(await driver.ended, { code: 125, signal: null });
      });
    }

    it("works where pidfd_getfd and close_range are refused", async (t) => {
      const refuse = { errno: 1, calls: ["pidfd_getfd", "close_range"] } as const;
      const driver = new Driver(t, { command: sh("exit 9"), launcher, refuse });
      assert.ok((await driver.report()).launched);
      assert.deepEqual(await driver.report(), { exited: { code: 9, signal: null } });
      assert.deepEqual(await driver.report(), { drained: true });
    });
  });

  describe(`the ${launcher} launcher of an ordinary user`, {
    skip: skip || (process.getuid?.() !== 0 && "needs root to become one"),
  }, () => {
    it("starts, guards and kills", async (t) => {
      const script = "id -u; setsid sleep 1000 & echo $!; wait";
      const driver = new Driver(
        t,
        { command: sh(script), launcher, cgroup: "user-test" },
        { uid: 65534, gid: 65534 },
      );
      const lines = driver.lines();
      const { launched } = await driver.report();
      assert.ok(launched);
      assert.equal((await lines.next()).value, "65534");
      const pids = await readPids(t, lines, 1);
      driver.process.kill("SIGKILL");
      await gone([...pids, launched.pid, launched.guardPid]);
    });
  });
}
