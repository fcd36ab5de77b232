// SPDX-License-Identifier: Apache-2.0
// The TSEM sensor where there is no cgroup of version 2: Galgo waits for, kills and buries the workload's processes one by one, as
// the subreaper that it is, and the watch goes by the tree.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, it } from "node:test";
import { buildLaunchers } from "../helpers/built.ts";
import { bench } from "../simulator/bench.ts";
import { simulatorSkip } from "../simulator/simulator.ts";

before(() => {
  buildLaunchers();
});

/** Takes the cgroups away, for the command that follows only. */
const WITHOUT = [
  "unshare",
  "-m",
  "sh",
  "-c",
  'umount -R -l /sys/fs/cgroup 2>/dev/null; exec env "$@"',
  "sh",
];

/** Runs, and is not merely waiting to be buried. */
function isAlive(pid: string | undefined): boolean {
  try {
    return !/^\d+ \(.*\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}

const pidsIn = (text: string): string[] =>
  [...text.matchAll(/pid (\d+)/g)].map(([, pid = ""]) => pid);

describe("the TSEM sensor without a cgroup", { skip: simulatorSkip() }, () => {
  it("waits for a daemon whose parent has ended, and decides for it", async (t) => {
    const { place, simulator, record } = await bench(t);
    const hook = `${simulator.folder}/hook`;
    const daemon = `echo "file_open /a" > ${hook}; echo up > up; read x < on; echo "file_open /b" > ${hook}`;
    const script = `mkfifo up on; setsid sh -c '${daemon}' & read x < up; echo go > on & echo parent ends`;
    const env = `GALGO_TSEM_DIR=${simulator.folder}`;
    const args = ["run", "--sensor", "tsem", "--", "sh", "-c", script];
    const { status, stdout, stderr } = await place.wrapped([...WITHOUT, env], args).ended;
    assert.equal(status, 0, stderr);
    assert.equal(stdout, "parent ends\n");
    const { outcome } = await record();
    assert.equal(outcome?.counts.events, 2);
    assert.ok(!outcome?.fidelity?.features.includes("cgroup"));
  });

  it("kills what outlives the command when that is asked for", async (t) => {
    const { place, simulator } = await bench(t);
    const script =
      "setsid sleep 1000 & echo pid $!; (sleep 1000 & echo pid $!; wait) & echo pid $!";
    const env = `GALGO_TSEM_DIR=${simulator.folder}`;
    const args = ["run", "--sensor", "tsem", "--on-exit", "kill", "--", "sh", "-c", script];
    const { status, stdout } = await place.wrapped([...WITHOUT, env], args).ended;
    assert.equal(status, 0);
    for (const pid of pidsIn(stdout)) assert.equal(isAlive(pid), false, `process ${pid} lives`);
  });

  it("takes the workload with it when it is killed", async (t) => {
    const { place, simulator } = await bench(t);
    const script = "(sleep 1000 & echo pid $!; wait) & sleep 1000 & echo pid $!; wait";
    const env = `GALGO_TSEM_DIR=${simulator.folder}`;
    const args = ["run", "--sensor", "tsem", "--", "sh", "-c", script];
    // unshare, sh and env become Galgo: it has their pid
    const galgo = place.wrapped([...WITHOUT, env], args);
    await galgo.says(/pid \d+\n(.*\n)*pid \d+\n/);
    galgo.process.kill("SIGKILL");
    const { stdout } = await galgo.ended;
    assert.equal(pidsIn(stdout).length, 2);
    for (const pid of pidsIn(stdout)) assert.equal(isAlive(pid), false, `process ${pid} lives`);
  });
});
