// SPDX-License-Identifier: Apache-2.0
// A process that exists to try things which can not be undone or might end badly, and to be looked at by its parent.
// It writes one line of JSON, waits for its standard input to close, and exits.
import { openSync, readFileSync } from "node:fs";
import { isMainThread, parentPort, workerData } from "node:worker_threads";
import {
  answerContinue,
  answerWithFd,
  heldCall,
  holdThisThread,
  listSecurityModules,
  tryBpfLsmLoad,
  tryFanotifyPermission,
  tryIoUring,
  tryLandlock,
  trySyncWakeUp,
} from "../../native/probe.ffi.ts";
import type { Trial } from "../../native/probe.ffi.ts";
import { findBtfFunction } from "../../sensor/bpf/index.ts";
import { siblingModule, startThread } from "../../native/start-thread.ts";

/** What the child found. Absent: not reached, because an earlier step failed. */
export interface ChildFindings {
  readonly landlock: Trial;
  readonly fanotify: Trial;
  readonly ioUring: Trial;
  readonly securityModules?: readonly number[];
  readonly btf: boolean;
  readonly bpfLsm: Trial;
  readonly listener: Trial;
  readonly waitKillable: Trial;
  readonly syncWakeUp?: Trial;
  readonly continued?: Trial;
  readonly injected?: Trial;
}

const TIMEOUT_MS = 3_000;
const WAIT_KILLABLE_RECV = 1 << 5;

interface HoldRequest {
  readonly flags: number;
  readonly calls: number;
}

/** The held thread: filter, tell the listener, then call and report each result. */
function heldThread(request: HoldRequest): void {
  const listener = holdThisThread(request.flags);
  parentPort?.postMessage(listener);
  if (!listener.ok) return;
  for (let at = 0; at < request.calls; at += 1) parentPort?.postMessage(heldCall());
}

/** Messages of one held thread, one after the other. */
function startHeld(request: HoldRequest): { next(): Promise<Trial>; end(): Promise<unknown> } {
  const thread = startThread(siblingModule(import.meta.url, "./child"), { workerData: request });
  const waiting: ((trial: Trial) => void)[] = [];
  const arrived: Trial[] = [];
  thread.on("message", (message: Trial) => {
    const taker = waiting.shift();
    if (taker === undefined) arrived.push(message);
    else taker(message);
  });
  thread.on("exit", () => {
    for (const taker of waiting.splice(0)) taker({ ok: false, errno: "thread ended" });
  });
  return {
    next: () =>
      new Promise((resolve) => {
        const message = arrived.shift();
        if (message === undefined) waiting.push(resolve);
        else resolve(message);
      }),
    end: () => thread.terminate(),
  };
}

async function trySeccomp(): Promise<
  Pick<ChildFindings, "listener" | "waitKillable" | "syncWakeUp" | "continued" | "injected">
> {
  const killable = startHeld({ flags: WAIT_KILLABLE_RECV, calls: 0 });
  const waitKillable = await killable.next();
  await killable.end();
  const held = startHeld({ flags: 0, calls: 2 });
  const listener = await held.next();
  if (!listener.ok) {
    await held.end();
    return { listener, waitKillable };
  }
  const syncWakeUp = trySyncWakeUp(listener.value);
  let continued = answerContinue(listener.value, TIMEOUT_MS);
  if (continued.ok) continued = await held.next();
  const fd = openSync("/dev/null", "r");
  let injected = answerWithFd(listener.value, fd, TIMEOUT_MS);
  if (injected.ok) injected = await held.next();
  await held.end();
  return { listener, waitKillable, syncWakeUp, continued, injected };
}

function tryBpf(): Pick<ChildFindings, "btf" | "bpfLsm"> {
  let btf: Buffer;
  try {
    btf = readFileSync("/sys/kernel/btf/vmlinux");
  } catch (error) {
    return {
      btf: false,
      bpfLsm: { ok: false, errno: (error as NodeJS.ErrnoException).code ?? "unreadable BTF" },
    };
  }
  const id = findBtfFunction(btf, "bpf_lsm_file_open");
  if (id === undefined) return { btf: true, bpfLsm: { ok: false, errno: "no bpf_lsm_file_open" } };
  return { btf: true, bpfLsm: tryBpfLsmLoad(id) };
}

async function main(): Promise<void> {
  const securityModules = listSecurityModules();
  const findings: ChildFindings = {
    landlock: tryLandlock(),
    fanotify: tryFanotifyPermission(),
    ioUring: tryIoUring(),
    ...(securityModules === undefined ? {} : { securityModules }),
    ...tryBpf(),
    ...(await trySeccomp()),
  };
  process.stdout.write(`${JSON.stringify(findings)}\n`);
  process.stdin.on("end", () => process.exit(0));
  process.stdin.resume();
}

if (isMainThread) void main();
else heldThread(workerData as HoldRequest);
