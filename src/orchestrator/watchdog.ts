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
}

export interface Watchdog {
  stop(): void;
}

/** Starts watching. The timer does not keep the process alive. */
export function startWatchdog(options: WatchdogOptions): Watchdog {
  const judge = createJudge(options.deadlineMs);
  const timer = setInterval(
    () => {
      const late = judge(readPulse(options.heartbeat), process.hrtime.bigint());
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
