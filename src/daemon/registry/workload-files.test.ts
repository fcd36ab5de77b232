// SPDX-License-Identifier: Apache-2.0
// Files of workloads as an earlier daemon may have left them.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { type WorkloadEntry, WorkloadFiles } from "./workload-files.ts";

const folder = mkdtempSync(join(tmpdir(), "galgo-files-"));
const ENTRY: WorkloadEntry = {
  id: "1",
  name: "a",
  owner: 0,
  origin: { kind: "command", pid: 7, command: ["a"] },
  sensor: "seccomp",
  started: "2026-01-01T00:00:00.000Z",
  directory: "/x",
  daemonPid: 9,
};

describe("files of workloads", () => {
  after(() => rmSync(folder, { recursive: true }));

  it("are read again; what says nothing is told of, and stays", () => {
    const files = new WorkloadFiles(folder);
    files.add(ENTRY);
    files.add({ ...ENTRY, id: "gone" });
    files.remove("gone");
    writeFileSync(join(folder, "2.json.new"), "{");
    writeFileSync(join(folder, "3.json"), "{");
    writeFileSync(join(folder, "4.json"), JSON.stringify({ ...ENTRY, name: 4 }));
    mkdirSync(join(folder, "5.json"));
    mkdirSync(join(folder, "other"));
    const told: string[] = [];
    assert.deepEqual(
      files.list((text) => told.push(text)),
      [ENTRY],
    );
    assert.deepEqual(
      told.map((text) => /(\d)\.json can not be read/.exec(text)?.[1]),
      ["3", "4", "5"],
    );
    assert.ok(existsSync(join(folder, "3.json")));
    assert.ok(!existsSync(join(folder, "2.json.new")));
  });
});
