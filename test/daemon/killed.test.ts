// SPDX-License-Identifier: Apache-2.0
// kill -9 of a daemon whose workloads are busy: none of them is left, and the next daemon says what happened to each.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { createInterface } from "node:readline";
import type { DaemonPart } from "../../src/daemon/part.ts";
import { readRunRecord } from "../../src/orchestrator/run-record.ts";
import { listNames, openRun } from "../../src/orchestrator/state-dir.ts";
import { DaemonPlace } from "../helpers/daemon-place.ts";
import { isRunning, until } from "../helpers/workloads.ts";

const WORKLOADS = 8;
const SCRIPT = fileURLToPath(new URL("../helpers/loaded-daemon.ts", import.meta.url));

describe("a daemon that is killed", () => {
  const place = new DaemonPlace();
  after(() => place.remove());

  it("leaves no workload behind, and its successor says what became of each", async () => {
    const child = spawn(
      process.execPath,
      ["--import", import.meta.resolve("tsx"), SCRIPT, place.folder, String(WORKLOADS)],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const [line] = (await once(createInterface(child.stdout), "line")) as [string];
    const { pids } = JSON.parse(line) as { pids: number[] };
    assert.equal(pids.filter((pid) => pid > 0 && isRunning(pid)).length, WORKLOADS);

    child.kill("SIGKILL");
    await once(child, "exit");
    await until("no workload is left", () => !pids.some(isRunning));

    const told: string[] = [];
    const orphaned: string[] = [];
    const listening: DaemonPart = {
      name: "listener",
      start: async ({ registry }) => {
        registry.listen((event) => {
          if (event.type === "orphaned") orphaned.push(event.entry.name);
        });
        return { close: async () => undefined };
      },
    };
    const daemon = await place.start({ parts: [listening], tell: (_, text) => told.push(text) });
    await daemon.stop("seen");
    const names = Array.from({ length: WORKLOADS }, (_, n) => `loop-${n}`);
    assert.deepEqual(orphaned.toSorted(), names);
    assert.equal(
      told.filter((text) => /workload loop-\d .*was killed/.test(text)).length,
      WORKLOADS,
    );
    assert.deepEqual(listNames(place.state).toSorted(), names);
    for (const name of names) {
      const record = readRunRecord(openRun(place.state, name).run);
      assert.equal(record.status, "failed");
      assert.match(record.error ?? "", /the daemon \(pid \d+\) ended while it ran/);
    }
    // told once
    const again: string[] = [];
    await (await place.start({ tell: (_, text) => again.push(text) })).stop("seen");
    assert.deepEqual(
      again.filter((text) => text.includes("was killed")),
      [],
    );
  });
});
