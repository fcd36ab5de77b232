// SPDX-License-Identifier: Apache-2.0
// The thread behind sensed.ts: the sensor's loop with a sink that keeps what it gets.
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import type { SecurityEvent } from "../../src/event/event.ts";
import { serveSeccomp } from "../../src/sensor/seccomp/serve.ts";
import type { Decision, EventSink } from "../../src/sensor/sensor.ts";
import { ROOT_ID, type SensorReport, type SensorThreadData } from "./sensed.ts";

const { listenerFd, pid, options } = workerData as SensorThreadData;
const ALLOW: Decision = { action: "allow", discipline: false };
const DENY: Decision = { action: "deny", discipline: false };

const events: SecurityEvent[] = [];
const violations: { event: SecurityEvent; reason: string }[] = [];
const losses: { reason: string; detail: string }[] = [];
let denied = 0;

function textOf(cell: unknown): string {
  return JSON.stringify(cell, (_key, value: unknown) =>
    typeof value === "bigint" ? value.toString() : value,
  );
}

function isDenied(event: SecurityEvent): boolean {
  const rules = (options.deny ?? []).filter(
    ({ hook }) => hook === undefined || hook === event.hook,
  );
  if (rules.length === 0) return false;
  const text = textOf(event.cell);
  return rules.some((rule) => text.includes(rule.text));
}

const sink: EventSink = {
  root: { taskId: ROOT_ID, pTaskId: "" },
  emptyDigest: createHash("sha256").digest("hex"),
  wantsDigest: () => options.digests !== false,
  forked: (parent) => parent,
  execed: (before, { file }) => ({
    taskId: `${before.taskId}>${file.path.pathname}`,
    pTaskId: before.taskId,
  }),
  decide: (event) => {
    if (options.keep === undefined || options.keep.includes(event.hook)) events.push(event);
    if (!isDenied(event)) return ALLOW;
    denied++;
    return DENY;
  },
  violated: (event, reason) => {
    violations.push({ event, reason });
    return ALLOW;
  },
  lost: (reason, detail) => {
    losses.push({ reason, detail });
  },
  answered: () => undefined,
};

const openFds = (): number => readdirSync("/proc/self/fd").length;

function serve(): SensorReport {
  let features: readonly string[] = [];
  let fdsBefore = 0;
  let failed: string | undefined;
  let counts = { seen: 0n, lost: 0n };
  try {
    counts = serveSeccomp({
      listenerFd,
      pid,
      sink,
      digest: "sha256",
      enforcing: options.enforcing ?? false,
      protectedPids: [process.pid],
      progress: { begin: () => undefined, end: () => undefined, alive: () => undefined },
      ready: (found) => {
        features = found;
        fdsBefore = openFds();
        parentPort?.postMessage("ready");
      },
    });
  } catch (error) {
    failed = error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  const { seen, lost } = counts;
  const fdsAfter = openFds();
  return { events, violations, losses, seen, lost, denied, features, fdsBefore, fdsAfter, failed };
}

parentPort?.postMessage(serve());
