// SPDX-License-Identifier: Apache-2.0
// Guests leave nothing behind on the host, however they end.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import type { GuestCase } from "../lib/case.ts";
import { Guest } from "../lib/guest.ts";

const OWNER = join(import.meta.dirname, "..", "lib", "owner.ts");
const ROOT = resolve(import.meta.dirname, "..", "..", "..");
const POLL_MS = 20;

function runs(pid: number): boolean {
  return existsSync(`/proc/${pid}/exe`);
}

export const host: readonly GuestCase[] = [
  {
    name: "a guest that is ended leaves no process",
    on: { "6.12": "quick" },
    run: async () => {
      const guest = await Guest.boot({ kernel: "6.12", memory: 1024 });
      const pid = guest.pid ?? 0;
      assert.ok(runs(pid));
      const running = guest.start(["sleep", "1000"]);
      await guest[Symbol.asyncDispose]();
      assert.ok(!runs(pid));
      await assert.rejects(running.ended, { code: "vm-gone" });
    },
  },
  {
    name: "a guest dies with the process that started it, even when that is killed",
    on: { "6.12": "quick" },
    run: async () => {
      const owner = spawn(process.execPath, ["--import", "tsx", OWNER], {
        cwd: ROOT,
        stdio: ["ignore", "pipe", "inherit"],
      });
      const [line] = (await once(createInterface(owner.stdout), "line")) as [string];
      const pid = Number(line);
      assert.ok(runs(pid));
      owner.kill("SIGKILL");
      await once(owner, "exit");
      // the kernel kills it then, which takes a moment
      while (runs(pid)) await setTimeout(POLL_MS);
    },
  },
];
