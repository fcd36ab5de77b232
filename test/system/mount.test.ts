// SPDX-License-Identifier: Apache-2.0
// galgo mount at a real daemon: what the files say is what the namespace is, and what is written into control happens to it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, openSync, readdirSync, writeSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Daemon } from "../../src/daemon/index.ts";
import type { ManagedRun } from "../../src/daemon/registry/managed-run.ts";
import { Place } from "../cli/galgo.ts";
import type { RunningGalgo } from "../cli/galgo.ts";
import { DaemonPlace } from "../helpers/daemon-place.ts";
import { eventually, isMounted, type Ran, start, withoutMounts } from "../helpers/mounted.ts";

/** Does what it reads, line by line. */
const WORKLOAD = 'while read -r step; do $step; done <"$0" >/dev/null';

describe("galgo mount", { skip: withoutMounts, timeout: 60_000 }, () => {
  const daemonPlace = new DaemonPlace();
  const place = new Place();
  const folder = join(daemonPlace.folder, "mount");
  const steps = join(daemonPlace.folder, "steps");
  let daemon: Daemon;
  let run: ManagedRun;
  let mount: RunningGalgo;
  let fifo: number;

  const sh = (script: string): Promise<Ran> => start(folder, ["bash", "-c", script]).ended;
  const step = (command: string): void => void writeSync(fifo, `${command}\n`);
  const startMount = async (): Promise<RunningGalgo> => {
    const started = place.start(["mount", folder], daemonPlace.env);
    await started.says(/the namespaces of the daemon/);
    return started;
  };

  before(async () => {
    mkdirSync(folder);
    execFileSync("mkfifo", [steps]);
    fifo = openSync(steps, "r+");
    daemon = await daemonPlace.start();
    run = daemonPlace.launch(daemon, ["/bin/sh", "-c", WORKLOAD, steps], { name: "wl" });
    mount = await startMount();
  });
  after(async () => {
    run.kill("the test is over");
    await run.ended;
    mount.process.kill("SIGTERM");
    await mount.ended;
    await daemon.stop("test");
    place.remove();
    daemonPlace.remove();
  });

  /** Waits until a file of the namespace holds `wanted`. */
  async function holds(file: string, wanted: RegExp): Promise<void> {
    while (!wanted.test((await sh(`cat wl/${file}`)).stdout));
  }

  it("says what the daemon says", async () => {
    step("cat /etc/hostname");
    await holds("trajectory", /"pathname": "\/etc\/hostname"/);
    // the shell waits for its next step: nothing changes any more
    const before = run.status();
    const { stdout } = await sh(
      "cd wl/.; cat id state measurement; cat trajectory_coefficients; wc -l <trajectory; wc -l <trajectory_counts; wc -c <forensics",
    );
    const points = run.points().map(({ coefficient }) => coefficient);
    const after = run.status();
    assert.equal(before.state, after.state);
    const lines = stdout.trim().split("\n");
    assert.deepEqual(lines.slice(0, -3), [run.id, after.state, after.measurement, ...points]);
    assert.deepEqual(lines.slice(-3).map(Number), [after.counts.trajectory, points.length, 0]);
  });

  it("carries out what is written into control", async () => {
    const hex = "ab".repeat(32);
    assert.match((await sh(`echo base value=${hex} >wl/control`)).stderr, /not permitted/);
    assert.match((await sh("echo unseal >wl/control")).stderr, /Invalid argument/);
    assert.equal((await sh(`echo state value=${hex} >wl/control`)).stderr, "");
    assert.ok(run.points().some(({ coefficient, count }) => coefficient === hex && count === 0));
    assert.equal((await sh("echo seal >wl/control")).stderr, "");
    assert.equal(run.status().sealed, true);
    assert.match((await sh(`echo state value=${hex} >wl/control`)).stderr, /not permitted/);
  });

  it("lets tail -f follow the violations of a sealed model to the end of the workload", async () => {
    const tail = start(folder, ["tail", "-s", "0.1", "-n", "9", "-f", "wl/forensics"]);
    try {
      step("cat /etc/passwd");
      await eventually(() => /etc\/passwd/.exec(tail.output()) ?? undefined, "the violation");
      assert.equal(
        (await sh("wc -l <wl/forensics_counts")).stdout.trim(),
        String(run.points().filter(({ valid }) => !valid).length),
      );
      step("exec cat /etc/group");
      await run.ended;
      await eventually(() => /etc\/group/.exec(tail.output()) ?? undefined, "the last violation");
      // the list of namespaces may be a moment old
      while ((await sh("ls")).stdout !== "");
    } finally {
      tail.process.kill();
      await tail.ended;
    }
  });

  it("refuses a directory that has them already", async () => {
    const { status, stderr } = await place.start(["mount", folder], daemonPlace.env).ended;
    assert.equal(status, 125);
    assert.match(stderr, /^galgo: \S+ has the namespaces already\n$/);
    assert.equal(isMounted(folder), true);
  });

  it("is gone after kill -9, and can come back", async () => {
    mount.process.kill("SIGKILL");
    await mount.ended;
    await eventually(() => (isMounted(folder) ? undefined : true), "the unmount");
    assert.deepEqual(readdirSync(folder), []);
    mount = await startMount();
    assert.equal(isMounted(folder), true);
  });
});

it("galgo mount says in one line what is wrong", async (t) => {
  const place = new Place(t);
  const env = { GALGO_RUN_DIR: place.path("none") };
  const { status, stderr } = await place.start(["mount", place.folder], env).ended;
  assert.equal(status, 125);
  assert.match(stderr, /^galgo: no daemon answers at \S+: galgo daemon starts one\n$/);
});
