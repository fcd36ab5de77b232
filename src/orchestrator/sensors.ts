// SPDX-License-Identifier: Apache-2.0
// Which sensor a run has, what that sensor declares, and whether it can be had here at all.
import { seccompFidelity } from "../sensor/seccomp/index.ts";
import type { Fidelity } from "../sensor/sensor.ts";
import { probeTsem, tsemFidelity } from "../sensor/tsem/index.ts";
import { quote } from "../base/quote.ts";
import { RunError } from "./errors.ts";
import type { RunRequest } from "./run-request.ts";

export function sensorOf({ tsem }: Pick<RunRequest, "tsem">): Fidelity["sensor"] {
  return tsem === undefined ? "seccomp" : "tsem";
}

/** @param features facts found when the workload was launched */
export function fidelityOf(
  request: Pick<RunRequest, "tsem">,
  features: readonly string[],
): Fidelity {
  return sensorOf(request) === "tsem" ? tsemFidelity(features) : seccompFidelity(features);
}

/** What can be found out before anything is started. @throws RunError NO_SENSOR */
export function requireSensor({ tsem }: RunRequest): void {
  if (tsem === undefined) return;
  const { present, refusal } = probeTsem(tsem.folder);
  if (!present) {
    throw new RunError(
      "NO_SENSOR",
      `there is no TSEM kernel here: ${quote(tsem.folder)} has no control file; galgo doctor says what this machine has`,
    );
  }
  if (refusal !== undefined) throw new RunError("NO_SENSOR", refusal);
}
