// SPDX-License-Identifier: Apache-2.0
// The end of an agent in the thread that decides: windows of allowed events go to the agent's thread, after their answers, and nobody waits.
import type { MessagePort } from "node:worker_threads";
import type { SecurityEvent } from "../../event/index.ts";
import { type FeatureWindow, FeatureWindows } from "../../model/features/index.ts";

/** Windows that wait for the agent; further ones are not judged, and counted. One takes about 500 bytes. */
export const MAX_WAITING_WINDOWS = 4_096;

/** What is counted in the memory that both threads see. */
export const SENT = 0;
export const JUDGED = 1;
export const LEFT_OUT = 2;
export const FEED_CELLS = 3;

/** For the thread that decides. */
export interface FeedLink {
  readonly port: MessagePort;
  readonly counts: SharedArrayBuffer;
}

/** A window, and when its last event was decided (ms since 1970). */
export interface SentWindow extends FeatureWindow {
  readonly at: number;
}

export class FeatureFeed {
  readonly #port: MessagePort;
  readonly #counts: Int32Array<SharedArrayBuffer>;
  readonly #windows = new FeatureWindows();

  constructor({ port, counts }: FeedLink) {
    this.#port = port;
    this.#counts = new Int32Array(counts);
  }

  add({ pid, task, hook }: SecurityEvent, coefficient: string): void {
    this.#windows.add({ pid, taskId: task.taskId, hook, coefficient });
  }

  /** To be called when the workload has its answer. */
  send(): void {
    const windows = this.#windows.take();
    if (windows.length === 0) return;
    const at = performance.timeOrigin + performance.now();
    for (const window of windows) {
      const counts = this.#counts;
      const waiting = Atomics.load(counts, SENT) - Atomics.load(counts, JUDGED);
      if (waiting >= MAX_WAITING_WINDOWS) {
        Atomics.add(counts, LEFT_OUT, 1);
        continue;
      }
      Atomics.add(counts, SENT, 1);
      const sent: SentWindow = { ...window, at };
      this.#port.postMessage(sent, [window.features.buffer]);
    }
  }

  /** Nothing more comes. */
  close(): void {
    this.#port.close();
  }
}
