// SPDX-License-Identifier: Apache-2.0
// Who may give orders: not what belongs to a workload, and not who is gone.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { ApiError } from "../errors.ts";
import { callerOf, requireSame } from "./caller.ts";
import { requireOutsider } from "./insiders.ts";

const ROOT = process.getuid?.() === 0;
const US = { pid: process.pid, uid: 0, gid: 0 };
const REFUSED = { name: ApiError.name, code: "NOT_ALLOWED" };

function command(pid: number): Parameters<typeof requireOutsider>[1][number] {
  return { pids: [pid], origin: { kind: "command", pid, command: ["x"] } };
}

/** A program that has begun: its first byte is there. */
async function begun(t: TestContext, words: readonly string[]): Promise<ChildProcess> {
  const [program = "", ...args] = words;
  const child = spawn(program, [...args, "sh", "-c", "echo; exec sleep 1000"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  if (child.stdout !== null) await once(child.stdout, "data");
  return child;
}

describe("a caller", () => {
  it("is the process that has connected, not one that has its number later", async (t) => {
    requireSame(callerOf(US));
    const child = await begun(t, ["env"]);
    const caller = callerOf({ ...US, pid: child.pid ?? 0 });
    requireSame(caller);
    // as it looks when the number was given again
    assert.throws(() => requireSame({ ...caller, began: "1" }), REFUSED);
    child.kill("SIGKILL");
    await once(child, "exit");
    assert.throws(() => requireSame(caller), REFUSED);
    assert.throws(() => requireSame(callerOf(caller)), REFUSED);
  });

  it("is none that descends from a workload", () => {
    requireOutsider(US, []);
    requireOutsider(US, [command(2 ** 22 + 1)]);
    for (const pid of [process.pid, process.ppid])
      assert.throws(() => requireOutsider(US, [command(pid)]), REFUSED);
  });

  it("is none that came into a container later", {
    skip: ROOT ? false : "only root can enter a container",
  }, async (t) => {
    const first = await begun(t, ["unshare", "--mount"]);
    const pid = first.pid ?? 0;
    const container = {
      pids: [pid],
      origin: { kind: "container", containerId: "c", pid },
    } as const;
    const second = await begun(t, ["nsenter", `--mount=/proc/${pid}/ns/mnt`]);
    const peer = { ...US, pid: second.pid ?? 0 };
    assert.throws(() => requireOutsider(peer, [container]), REFUSED);
    requireOutsider(US, [container]);
    // one that has our own view would have us inside
    requireOutsider(US, [{ pids: [], origin: { ...container.origin, pid: process.pid } }]);
  });
});
