// SPDX-License-Identifier: Apache-2.0
// Options of the sensor of a TSEM kernel, and what they ask a run for.
import { RunError, tsemFolder } from "../orchestrator/index.ts";
import type { TsemRequest } from "../orchestrator/index.ts";

export interface SensorOptions {
  readonly sensor: "seccomp" | "tsem";
  readonly tsemInternal?: boolean;
  readonly tsemNsref?: "initial" | "current";
  readonly tsemModel?: string;
  readonly tsemCache?: number;
}

/** Undefined: the sensor is not TSEM's. @throws RunError BAD_OPTION */
export function tsemRequest(options: SensorOptions): TsemRequest | undefined {
  const { sensor, tsemInternal, tsemNsref, tsemModel, tsemCache } = options;
  if (sensor !== "tsem") {
    const given = [tsemInternal, tsemNsref, tsemModel, tsemCache].some((o) => o !== undefined);
    if (given) throw new RunError("BAD_OPTION", "the options --tsem-... need --sensor tsem");
    return undefined;
  }
  return {
    folder: tsemFolder(process.env),
    kind: tsemInternal === true ? "internal" : "external",
    nsref: tsemNsref ?? "current",
    ...(tsemModel === undefined ? {} : { model: tsemModel }),
    ...(tsemCache === undefined ? {} : { cache: tsemCache }),
  };
}
