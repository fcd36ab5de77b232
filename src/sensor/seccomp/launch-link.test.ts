// SPDX-License-Identifier: Apache-2.0
// A guard that was started by another process, and behaves as none of ours does: the thread that has it waits for nothing.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { describe, it, type TestContext } from "node:test";
import { sendMessage, socketPair } from "../../native/fd-passing.ffi.ts";
import { GuardLink } from "./launch-link.ts";
import { encodeReport, REPORT } from "./launch-protocol.ts";

const SIGUSR1 = 10;
/** More than any socket keeps. */
const MANY = 10_000;

function linkTo(t: TestContext, guardPid: number): { link: GuardLink; theirs: number } {
  const [ours, theirs] = socketPair();
  const link = new GuardLink({
    socket: ours,
    guardPid,
    guardEnded: Promise.resolve(),
    path: "/bin/true",
    filtered: true,
    others: new Set(),
    endElsewhere: () => undefined,
  });
  t.after(async () => {
    closeSync(theirs);
    await link.drained.catch(() => undefined);
  });
  return { link, theirs };
}

describe("the link to a guard", () => {
  it("does not wait for one that reads nothing, and kills it when it shall kill", async (t) => {
    const guard = spawn("sleep", ["1000"]);
    const ended = once(guard, "exit");
    await once(guard, "spawn");
    const { link } = linkTo(t, guard.pid ?? 0);
    for (let i = 0; i < MANY; i++) link.signal(SIGUSR1);
    link.kill();
    assert.deepEqual(await ended, [null, "SIGKILL"]);
  });

  it("gives up one that has not told anything", async (t) => {
    const { link } = linkTo(t, 0);
    link.abandon("does not answer");
    await assert.rejects(link.ready, /the launcher does not answer/);
    await assert.rejects(link.drained);
  });

  it("ends with one that has not told how its workload ended", async (t) => {
    const { link, theirs } = linkTo(t, 0);
    sendMessage(theirs, encodeReport(REPORT.DRAINED, 0, 0));
    assert.deepEqual(await link.exited, { code: null, signal: null });
    await link.drained;
  });

  it("keeps one that has a workload, and no descriptor that it should not send", async (t) => {
    const { link, theirs } = linkTo(t, 0);
    const fds = [openSync("/dev/null", "r"), openSync("/dev/null", "r")];
    t.after(() => {
      for (const fd of fds) closeSync(fd);
    });
    sendMessage(theirs, encodeReport(REPORT.READY, 1, 0), fds);
    sendMessage(theirs, encodeReport(REPORT.READY, 2, 0), fds);
    link.abandon("does not answer");
    const { pid, listenerFd } = await link.ready;
    assert.equal(pid, 1);
    const next = openSync("/dev/null", "r");
    // what was not taken is closed: the lowest free number is the one behind the listener
    assert.equal(next, listenerFd + 1);
    closeSync(next);
    closeSync(listenerFd);
  });
});
