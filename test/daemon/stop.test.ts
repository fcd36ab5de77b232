// SPDX-License-Identifier: Apache-2.0
// Reload and orderly end of a daemon that has workloads: the one they do not notice, the other ends them in the way they want, or else
// by force, and leaves their reports.
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import type { Daemon } from "../../src/daemon/index.ts";
import type { ManagedRun } from "../../src/daemon/registry/managed-run.ts";
import { readRunRecord } from "../../src/orchestrator/run-record.ts";
import { DaemonPlace } from "../helpers/daemon-place.ts";

const WILLING = 'trap "exit 3" TERM; while :; do sleep 0.05; done';
const STUBBORN = 'trap "" TERM; while :; do sleep 0.05; done';

describe("a daemon with workloads", () => {
  const place = new DaemonPlace();
  after(() => place.remove());

  /** Until so many of its events were seen from now on. */
  async function goesOn(run: ManagedRun): Promise<void> {
    const { events } = run.status().counts;
    while (run.status().counts.events < events + 5) await place.client.health();
  }

  async function looping(daemon: Daemon, name: string, script: string): Promise<ManagedRun> {
    const run = place.launch(daemon, ["sh", "-c", script], { name });
    await run.started;
    await goesOn(run);
    return run;
  }

  it("reloads without their notice, and ends them when it ends", async () => {
    place.configure("[daemon]\nstop-seconds = 60\n");
    const told: string[] = [];
    const daemon = await place.start({
      configFile: place.config,
      tell: (_, text) => told.push(text),
    });
    const willing = await looping(daemon, "willing", WILLING);
    const stubborn = await looping(daemon, "stubborn", STUBBORN);
    place.configure("[daemon]\nstop-seconds = 1\n");
    await place.client.reload();
    await goesOn(willing);
    await goesOn(stubborn);
    place.configure("nonsense");
    await assert.rejects(place.client.reload(), /daemon\.toml line 1/);
    await goesOn(stubborn);

    const { client } = place;
    const stopped = daemon.stop("SIGTERM");
    assert.equal((await client.health()).status, "stopping");
    assert.throws(() => place.launch(daemon, ["true"]), /the daemon is stopping/);
    await stopped;
    assert.deepEqual((await willing.ended).outcome.exit, { code: 3 });
    const { outcome, directory } = await stubborn.ended;
    assert.equal(outcome.killed, "the daemon was stopped (SIGTERM)");
    assert.equal(readRunRecord(directory.run).status, "finished");
    assert.ok(told.includes("stopping (SIGTERM): 2 workloads to end"), told.join("; "));
    await assert.rejects(client.health(), /no daemon answers/);
  });

  it("asks also one that is not there yet", async () => {
    place.configure("[daemon]\nstop-seconds = 60\n");
    const daemon = await place.start({ configFile: place.config });
    const early = place.launch(daemon, ["sleep", "1000"]);
    await daemon.stop("SIGTERM");
    const { exit, killed } = (await early.ended).outcome;
    assert.deepEqual({ exit, killed }, { exit: { signal: "SIGTERM" }, killed: undefined });
  });
});
