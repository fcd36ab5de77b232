// SPDX-License-Identifier: Apache-2.0
// What a worker ends with, where Galgo's own agent has decided: the same for every sensor.
import type { SensorStats } from "../sensor/sensor.ts";
import type { NamespaceTma } from "../tma/index.ts";
import type { Namespace } from "./namespace/namespace-types.ts";
import type { WorkerResult } from "./worker-protocol.ts";

/** To be called when nothing is decided any more. */
export function workerResult(
  { namespace, tma }: { readonly namespace: Namespace; readonly tma: NamespaceTma },
  sensor: SensorStats,
): WorkerResult {
  return {
    summary: namespace.summary(),
    sensor,
    state: tma.state(),
    measurement: tma.measurement(),
    points: tma.points(),
  };
}
