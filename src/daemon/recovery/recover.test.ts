// SPDX-License-Identifier: Apache-2.0
// Workloads that a killed daemon had, in every state in which it can have left their reports.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { Registry } from "../registry/registry.ts";
import { type WorkloadEntry, WorkloadFiles } from "../registry/workload-files.ts";
import { recover } from "./recover.ts";

const folder = mkdtempSync(join(tmpdir(), "galgo-recover-"));
const files = join(folder, "workloads");
const directoryOf = (name: string): string => join(folder, name);
const reportOf = (name: string): string => join(directoryOf(name), "run.json");

function left(name: string, status?: string): void {
  const entry: WorkloadEntry = {
    id: name,
    name,
    owner: 0,
    origin: { kind: "command", pid: 7, command: ["x"] },
    sensor: "seccomp",
    started: "2026-01-01T00:00:00.000Z",
    directory: directoryOf(name),
    daemonPid: 9,
  };
  new WorkloadFiles(files).add(entry);
  if (status === undefined) return;
  mkdirSync(directoryOf(name));
  const record = { apiVersion: "galgo.dev/v1", kind: "Run", name, runId: name, status };
  writeFileSync(reportOf(name), JSON.stringify(record));
}

describe("workloads of a killed daemon", () => {
  after(() => rmSync(folder, { recursive: true }));

  it("are dealt with one by one, and what is told is what was", async () => {
    left("running", "running");
    left("finished", "finished");
    left("failed", "failed");
    left("vanished");
    left("known", "running");
    left("stubborn", "running");
    const told = new Map<string, string>();
    const registry = new Registry({
      folder: files,
      onError: assert.fail,
      onNotice: (text) => assert.fail(text),
    });
    const orphaned: string[] = [];
    registry.listen((event) => {
      if (event.type === "orphaned") orphaned.push(event.entry.name);
    });
    const part = {
      recover: async ({ name }: WorkloadEntry) => {
        if (name === "stubborn") throw new Error("not now");
        return name === "known" ? "it is mine" : undefined;
      },
      close: () => Promise.resolve(),
    };
    const tell = (_: string, text: string): void => {
      const name = /workload (\w+)/.exec(text)?.[1] ?? "";
      told.set(name, text);
    };
    await recover({ registry, tell }, [part]);
    assert.match(
      told.get("running") ?? "",
      /ended while it ran, and it was killed; .*not recorded$/,
    );
    assert.match(readFileSync(reportOf("running"), "utf8"), /"status": "failed"/);
    assert.match(told.get("finished") ?? "", /: it had ended, and its report was written, before/);
    assert.match(readFileSync(reportOf("finished"), "utf8"), /"finished"/);
    assert.match(told.get("failed") ?? "", /; its report says already why it failed$/);
    assert.match(told.get("vanished") ?? "", /its report is gone: .*vanished/);
    assert.match(told.get("known") ?? "", /: it is mine$/);
    assert.match(told.get("stubborn") ?? "", /of the daemon before: not now/);
    assert.deepEqual(orphaned, ["failed", "finished", "known", "running", "vanished"]);
    // the next start tries again
    assert.ok(existsSync(join(files, "stubborn.json")));
    assert.ok(!existsSync(join(files, "running.json")));
  });
});
