// SPDX-License-Identifier: Apache-2.0
// Which sensor a run has, what that sensor declares, and whether it can be had here at all.
import { bpfFidelity, programHooks } from "../sensor/bpf/index.ts";
import { seccompFidelity } from "../sensor/seccomp/index.ts";
import type { Fidelity } from "../sensor/sensor.ts";
import { probeTsem, tsemFidelity } from "../sensor/tsem/index.ts";
import { quote } from "../base/quote.ts";
import { RunError } from "./errors.ts";
import type { RunRequest } from "./run-request.ts";

type SensorRequest = Pick<RunRequest, "tsem" | "bpf">;

export function sensorOf({ tsem, bpf }: SensorRequest): Fidelity["sensor"] {
  if (bpf !== undefined) return "bpf";
  return tsem === undefined ? "seccomp" : "tsem";
}

/** @param features facts found when the workload was launched */
export function fidelityOf(request: SensorRequest, features: readonly string[]): Fidelity {
  switch (sensorOf(request)) {
    case "bpf":
      return bpfFidelity(programHooks(), features);
    case "tsem":
      return tsemFidelity(features);
    default:
      return seccompFidelity(features);
  }
}

/** What can be found out before anything is started. @throws RunError NO_SENSOR */
export function requireSensor({ tsem, bpf }: RunRequest): void {
  if (bpf !== undefined) requirePrograms();
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

function requirePrograms(): void {
  try {
    programHooks();
  } catch (error) {
    throw noBpfSensor(error instanceof Error ? error.message : String(error));
  }
}

/** What libbpf and the verifier say has many lines; the first one names the fault. */
export function noBpfSensor(why: string): RunError {
  return new RunError(
    "NO_SENSOR",
    `the bpf sensor can not be used here: ${why.split("\n", 1)[0]}; galgo doctor tries each of its steps`,
  );
}
