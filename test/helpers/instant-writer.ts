// SPDX-License-Identifier: Apache-2.0
// A thread that publishes instants as fast as it can. All counts of one follow from its number, and soon need more than 32 bits.
import { workerData } from "node:worker_threads";
import { type Instant, InstantWriter } from "../../src/orchestrator/live/instant.ts";

export interface InstantWriterWork {
  readonly memory: SharedArrayBuffer;
  readonly instants: number;
}

/** The instant of a number. */
export function instantOf(n: number): Instant {
  const events = n * 2 ** 20;
  const counts = { violations: n + 1, refused: n * 3, lost: events + 1 };
  return { events, points: n, ...counts, sealed: n % 2 === 1 };
}

const work = workerData as InstantWriterWork | null;
if (work?.memory !== undefined) {
  const writer = new InstantWriter(work.memory);
  for (let n = 1; n <= work.instants; n++) {
    Object.assign(writer, instantOf(n));
    writer.publish();
  }
}
