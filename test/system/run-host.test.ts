// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { BUILTIN_PROFILES } from "../../src/model/index.ts";
import { runWorkload } from "../../src/orchestrator/index.ts";
import { ownProcessHost } from "../../src/orchestrator/run-host.ts";
import { buildLaunchers } from "../helpers/built.ts";

buildLaunchers();

describe("a run at a host", () => {
  it("leaves no listener open when the thread that decides can not be had", async (t) => {
    const stateRoot = mkdtempSync(join(tmpdir(), "galgo-host-"));
    t.after(() => rmSync(stateRoot, { recursive: true, force: true }));
    const host = {
      ...ownProcessHost(),
      startWorker: () => Promise.reject(new Error("there is no thread")),
    };
    const request = {
      command: ["true"],
      mode: "free",
      onViolation: "observe",
      rules: { mapping: "tsem-v4", digest: "sha256", profile: BUILTIN_PROFILES.portable },
      stateRoot,
      cwd: "/",
      env: process.env,
      deadlineMs: 10_000,
      onExit: "wait",
      allowWeaker: false,
    } as const;
    await assert.rejects(runWorkload(request, {}, host), /there is no thread/);
    assert.deepEqual(openListeners(), []);
  });
});

function openListeners(): string[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      return target.includes("seccomp") ? [target] : [];
    } catch {
      return []; // the folder's own
    }
  });
}
