// SPDX-License-Identifier: Apache-2.0
// What a daemon does when a part of it can not do what the configuration says: at a reload, when it starts, when it ends.
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { afterEach, beforeEach, describe, it } from "node:test";
import { daemonHost } from "../../src/daemon/index.ts";
import type { DaemonPart, RunningPart } from "../../src/daemon/part.ts";
import type { ManagedRun } from "../../src/daemon/registry/managed-run.ts";
import { readRunRecord } from "../../src/orchestrator/run-record.ts";
import { DaemonPlace } from "../helpers/daemon-place.ts";

const part = (name: string, changes: Partial<RunningPart>): DaemonPart => ({
  name,
  start: () => Promise.resolve({ close: () => Promise.resolve(), ...changes }),
});

describe("a daemon whose parts fail", () => {
  let place: DaemonPlace;
  beforeEach(() => {
    place = new DaemonPlace();
  });
  afterEach(() => place.remove());

  it("says at a reload what is not used, and goes on", async () => {
    const reloaded: string[] = [];
    const told: string[] = [];
    place.configure("");
    const daemon = await place.start({
      configFile: place.config,
      parts: [
        part("first", { reload: () => Promise.reject(new Error("it stays as it was")) }),
        part("second", { reload: async () => void reloaded.push("second") }),
      ],
      tell: (_, text) => told.push(text),
    });
    await assert.rejects(place.client.reload(), /first: it stays as it was/);
    assert.deepEqual(reloaded, ["second"]);
    place.configure('[daemon]\ngroup = "no-such-group-here"\n');
    await assert.rejects(place.client.reload(), /there is no group no-such-group-here/);
    assert.deepEqual(reloaded, ["second"]);
    place.configure("[daemon]\ngroup = 4242\n");
    await assert.rejects(place.client.reload(), /first: /);
    assert.match(told.join("; "), /group is read when the daemon starts/);
    await daemon.stop("seen");
    await assert.rejects(daemon.reload(), /the daemon is stopping/);
  });

  it("is closed when a reload is over", async () => {
    const order: string[] = [];
    const [begun, done] = [new EventEmitter(), new EventEmitter()];
    const reload = async (): Promise<void> => {
      setImmediate(() => begun.emit("now"));
      await once(done, "now");
      order.push("reloaded");
    };
    const daemon = await place.start({
      parts: [
        part("slow", {
          reload,
          close: async () => void order.push("closed"),
        }),
      ],
    });
    const reloaded = daemon.reload();
    await once(begun, "now");
    const stopped = daemon.stop("seen");
    done.emit("now");
    await Promise.all([reloaded, stopped]);
    assert.deepEqual(order, ["reloaded", "closed"]);
  });

  it("leaves nothing behind when it can not start", async () => {
    const runs: ManagedRun[] = [];
    const early: DaemonPart = {
      name: "early",
      start: async (context) => {
        const request = place.request(["sleep", "1000"], { name: "early" });
        const run = context.registry.start({ request, host: daemonHost(context), owner: 0 });
        runs.push(run);
        await run.started;
        return {
          closeDoors: () => {
            throw new Error("no door");
          },
          close: () => Promise.resolve(),
        };
      },
    };
    const failing: DaemonPart = { ...part("late", {}), start: async () => assert.fail("not me") };
    await assert.rejects(place.start({ parts: [early, failing] }), /not me/);
    const [run] = runs;
    assert.ok(run);
    const { directory } = await run.ended;
    assert.equal(readRunRecord(directory.run).status, "finished");
    await (await place.start()).stop("seen");
  });
});
