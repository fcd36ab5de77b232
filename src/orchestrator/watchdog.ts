// SPDX-License-Identifier: Apache-2.0
// Watches, from the main thread, that the worker answers every held event before the deadline. A worker that is
// late is either hung or dead; a workload must hang with neither.
import { readPulse } from "./heartbeat.ts";
import type { Pulse } from "./heartbeat.ts";

export interface WatchdogOptions {
  readonly heartbeat: SharedArrayBuffer;
  /** Longest time that one event may take without progress (ms). */
  readonly deadlineMs: number;
  /** Called once, with the time that the event has been held (ms). */
  onLate(heldMs: number): void;
  /** Called now and then while one event takes long but its work advances; `steps` is how far it has come. */
  onLongWork?(heldMs: number, steps: number): void;
}

export interface Watchdog {
  stop(): void;
}

/** Starts watching. The timer does not keep the process alive. */
export function startWatchdog(options: WatchdogOptions): Watchdog {
  const judge = createJudge(options.deadlineMs);
  const lookAtWork = createWorkReporter(options);
  const timer = setInterval(
    () => {
      const pulse = readPulse(options.heartbeat);
      const now = process.hrtime.bigint();
      lookAtWork(pulse, now);
      const late = judge(pulse, now);
      if (late === undefined) return;
      clearInterval(timer);
      options.onLate(late);
    },
    Math.min(1_000, Math.max(10, Math.floor(options.deadlineMs / 4))),
  );
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

/**
 * Decides from successive readings whether the event in hand is late: returns for how long it has been held (ms), or undefined.
 * Work that advances (a long hash) moves the start of the deadline.
 */
export function createJudge(
  deadlineMs: number,
): (pulse: Pulse, nowNs: bigint) => number | undefined {
  let busySince = 0n;
  let progress = -1n;
  let aliveAt = 0n;
  return (pulse, nowNs) => {
    if (pulse.busySince === 0n) {
      busySince = 0n;
      return undefined;
    }
    if (pulse.busySince !== busySince) {
      busySince = pulse.busySince;
      progress = pulse.progress;
      aliveAt = pulse.busySince;
    } else if (pulse.progress !== progress) {
      progress = pulse.progress;
      aliveAt = nowNs;
    }
    return nowNs - aliveAt > BigInt(deadlineMs) * 1_000_000n
      ? Number((nowNs - busySince) / 1_000_000n)
      : undefined;
  };
}

/** Long work is told of after this time, and then at most this often (ms). */
const REPORT_INTERVAL_MS = 3_000;

function createWorkReporter({
  onLongWork,
}: WatchdogOptions): (pulse: Pulse, nowNs: bigint) => void {
  if (onLongWork === undefined) return () => undefined;
  let busySince = 0n;
  let startedAt = 0n;
  let toldMs = 0;
  return (pulse, nowNs) => {
    if (pulse.busySince !== busySince) {
      busySince = pulse.busySince;
      startedAt = pulse.progress;
      toldMs = 0;
    }
    if (busySince === 0n) return;
    const heldMs = Number((nowNs - busySince) / 1_000_000n);
    const steps = Number(pulse.progress - startedAt);
    if (steps === 0 || heldMs - toldMs < REPORT_INTERVAL_MS) return;
    toldMs = heldMs;
    onLongWork(heldMs, steps);
  };
}

/** What is said of an event whose decision takes long, and advances. @param steps MiB */
export function longWorkText(heldMs: number, steps: number): string {
  const seconds = Math.round(heldMs / 1_000);
  return `reading a large file before it is decided on: ${steps} MiB in ${seconds} s`;
}
