// SPDX-License-Identifier: Apache-2.0
// A workload that something else than a filter watches: launched, held, guarded and killed like every other one.
// The same tests run over the native launcher and the one in Node.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { filterCount, killProcess } from "../../src/sensor/seccomp/launch-tree.ts";
import { buildLaunchers } from "../helpers/built.ts";
import { hold, isRunning, sh, until } from "../helpers/workloads.ts";

const hasNative = buildLaunchers();
const UNFILTERED = { filter: new Uint8Array(0), noNewPrivs: false } as const;

for (const launcher of ["native", "node"] as const) {
  const skip = launcher === "native" && !hasNative ? "there is no C compiler" : false;
  describe(`the ${launcher} launcher without a filter`, { skip }, () => {
    it("holds the command until it may go, and leaves it as it is", async (t) => {
      const { workload, output } = await hold(t, launcher, ["/bin/cat", "/proc/self/status"], {
        ...UNFILTERED,
      });
      assert.equal(workload.listenerFd, -1);
      assert.equal(filterCount(workload.pid), filterCount("self"));
      assert.equal(output(), "");
      workload.go();
      assert.deepEqual(await workload.exited, { code: 0, signal: null });
      await workload.drained;
      const own = readFileSync("/proc/self/status", "latin1");
      for (const name of ["Seccomp_filters", "NoNewPrivs"]) {
        const line = new RegExp(`^${name}:.*$`, "m");
        assert.equal(line.exec(output())?.[0], line.exec(own)?.[0]);
      }
    });

    it("says why a command could not be run", async (t) => {
      const { workload } = await hold(t, launcher, ["/dev/null"], { ...UNFILTERED });
      workload.go();
      assert.equal((await workload.execFailed)?.facts["errno"], "EACCES");
      assert.deepEqual(await workload.exited, { code: 126, signal: null });
    });

    it("kills daemons too when the guard was killed", async (t) => {
      const script = "(setsid sleep 1000 & echo $!); sleep 1000";
      const { workload, output } = await hold(t, launcher, sh(script), { ...UNFILTERED });
      workload.go();
      await until("the daemon is there", () => output().endsWith("\n"));
      const daemon = Number(output());
      t.after(() => killProcess(daemon));
      killProcess(workload.guardPid);
      await assert.rejects(workload.drained, { code: "GUARD_DIED" });
      await assert.rejects(workload.exited, { code: "GUARD_DIED" });
      assert.equal(isRunning(daemon), false);
      assert.equal(isRunning(workload.pid), false);
    });
  });
}
