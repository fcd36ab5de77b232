// SPDX-License-Identifier: Apache-2.0
// Runs that a daemon does end as those do that are done alone; and what happens when one of those who have to do with them is killed.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import type { RunRecord } from "../../src/orchestrator/index.ts";
import { DaemonClient, socketsIn } from "../../src/daemon/client/index.ts";
import { children, killProcess } from "../../src/sensor/seccomp/launch-tree.ts";
import { Place, type RunningGalgo } from "../cli/galgo.ts";
import { buildLaunchers } from "../helpers/built.ts";
import { ClientDaemon } from "../helpers/client-daemon.ts";
import { gone, lifetimeCases, pidIn, shell } from "../helpers/lifetime-cases.ts";
import { terminalCases } from "../helpers/terminal-cases.ts";
import { until } from "../helpers/workloads.ts";

const hasNative = buildLaunchers();
const SLEEPER = shell("sleep 1000 & echo $! > pid; echo ready; wait");

describe("a run by a daemon", { skip: hasNative ? false : "there is no C compiler" }, () => {
  const daemon = new ClientDaemon();
  let server: RunningGalgo;

  before(async () => {
    server = await daemon.start();
  });
  after(() => daemon.remove());

  lifetimeCases(daemon.galgo);
  describe("a terminal through a client", () => {
    before(() => {
      process.env["GALGO_STATE_DIR"] = join(daemon.folder, "state");
    });
    terminalCases((command) => [...daemon.galgo, "run", "--", ...command]);
  });

  /** A workload that would go on for ever, running. */
  async function sleeper(t: TestContext): Promise<{ place: Place; run: RunningGalgo }> {
    const place = new Place(t, daemon.galgo);
    const run = place.start(["run", "--name", "job", ...SLEEPER]);
    await run.says(/ready/);
    return { place, run };
  }

  const recordOf = ({ state }: Place): RunRecord => {
    const [id = ""] = readdirSync(join(state, "job")).filter((name) => name !== "latest");
    return JSON.parse(readFileSync(join(state, "job", id, "run.json"), "utf8")) as RunRecord;
  };

  it("goes on when nobody reads its stderr", async (t) => {
    const place = new Place(t, daemon.galgo);
    const run = place.start(["run", ...shell("echo ready; sleep 0.2; exit 7")]);
    run.process.stderr?.destroy();
    assert.deepEqual(await run.ended, { status: 7, signal: null, stdout: "ready\n", stderr: "" });
  });

  it("is listed by the daemon, and ended when that is asked for", async (t) => {
    const { place, run } = await sleeper(t);
    const api = new DaemonClient(socketsIn(daemon.run).api);
    const { origin, owner, mode } = await api.workload("job");
    assert.deepEqual([owner, mode], [process.getuid?.(), "free"]);
    assert.ok("command" in origin && origin.command[0] === "sh", JSON.stringify(origin));
    await api.kill("job");
    const { status, stderr } = await run.ended;
    assert.equal(status, 137);
    assert.match(stderr, /galgo: the workload was killed: .*API/);
    await gone(pidIn(place, "pid"));
  });

  it("ends with its client, and says so", async (t) => {
    const { place, run } = await sleeper(t);
    run.process.kill("SIGKILL");
    assert.equal((await run.ended).signal, "SIGKILL");
    await gone(pidIn(place, "pid"));
    await until("the record is written", () => recordOf(place).status === "finished");
    assert.match(recordOf(place).outcome?.killed ?? "", /started with was killed/);
  });

  it("ends with its guard", async (t) => {
    const { place, run } = await sleeper(t);
    const [guard = 0] = children(run.process.pid ?? 0);
    killProcess(guard);
    const { status, stderr } = await run.ended;
    assert.equal(status, 125);
    assert.match(stderr, /^galgo: the guard \(pid \d+\) of the workload ended unexpectedly/m);
    await gone(pidIn(place, "pid"));
    assert.equal(recordOf(place).status, "failed");
  });

  it("ends when the daemon is stopped", async (t) => {
    const other = new ClientDaemon();
    t.after(() => other.remove());
    const stopped = await other.start();
    const place = new Place(t, other.galgo);
    const script = "echo $$ > pid; echo ready; exec sleep 1000";
    const run = place.start(["run", "--name", "job", ...shell(script)]);
    await run.says(/ready/);
    stopped.process.kill("SIGTERM");
    const { status } = await run.ended;
    assert.equal(status, 143);
    await gone(pidIn(place, "pid"));
    assert.equal(recordOf(place).status, "finished");
  });

  // the last one: the daemon is gone afterwards
  it("ends when the daemon is killed, which its client says", async (t) => {
    const { place, run } = await sleeper(t);
    server.process.kill("SIGKILL");
    const { status, stderr } = await run.ended;
    assert.equal(status, 125);
    assert.match(stderr, /galgo: the daemon ended unexpectedly; the workload was killed\n$/);
    await gone(pidIn(place, "pid"));
  });
});
