// SPDX-License-Identifier: Apache-2.0
// What a worker ends with, where Galgo's own agent has decided: the same for every sensor.
import type { SensorStats } from "../sensor/sensor.ts";
import type { NamespaceTma } from "../tma/index.ts";
import type { Namespace } from "./namespace/namespace-types.ts";
import type { SequenceTaker } from "./sequences/live.ts";
import type { WorkerResult } from "./worker-protocol.ts";

interface Decided {
  readonly namespace: Namespace;
  readonly tma: NamespaceTma;
  readonly sequence?: SequenceTaker | undefined;
}

/** To be called when nothing is decided any more. */
export function workerResult(
  { namespace, tma, sequence }: Decided,
  sensor: SensorStats,
): WorkerResult {
  const sequences = sequence?.judged?.();
  return {
    ...(sequences === undefined ? {} : { sequences }),
    summary: namespace.summary(),
    sensor,
    state: tma.state(),
    measurement: tma.measurement(),
    points: tma.points(),
  };
}
