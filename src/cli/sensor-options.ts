// SPDX-License-Identifier: Apache-2.0
// Options of the sensors and of the agent's place, and what they ask a run for.
import { RunError, tsemFolder } from "../orchestrator/index.ts";
import type { AttachTarget, BpfRequest, RunRequest, TsemRequest } from "../orchestrator/index.ts";
import { parseLocality } from "../tma/index.ts";

export interface SensorOptions {
  readonly sensor: "seccomp" | "bpf" | "tsem";
  readonly tsemInternal?: boolean;
  readonly tsemNsref?: "initial" | "current";
  readonly tsemModel?: string;
  readonly tsemCache?: number;
  readonly cgroup?: string;
  readonly pid?: number;
  readonly tma?: string;
  readonly tmaKey?: string;
}

/** The part of a run's request that says which sensor it has. */
export interface SensorRequest {
  readonly tsem?: TsemRequest;
  readonly bpf?: BpfRequest;
}

/** @throws RunError BAD_OPTION */
export function sensorRequest(options: SensorOptions): SensorRequest {
  const { sensor, tsemInternal, tsemNsref, tsemModel, tsemCache } = options;
  const attach = attachTarget(options);
  if (attach !== undefined && sensor !== "bpf") {
    throw new RunError(
      "BAD_OPTION",
      "--cgroup and --pid need --sensor bpf: the other sensors can not join what runs already",
    );
  }
  const tsemOptions = [tsemInternal, tsemNsref, tsemModel, tsemCache];
  if (sensor !== "tsem" && tsemOptions.some((option) => option !== undefined))
    throw new RunError("BAD_OPTION", "the options --tsem-... need --sensor tsem");
  if (sensor === "bpf") return { bpf: attach === undefined ? {} : { attach } };
  return sensor === "tsem" ? { tsem: tsemRequest(options) } : {};
}

/** @throws AgentError BAD_OPTION */
export function localityRequest({ tma, tmaKey }: SensorOptions): Pick<RunRequest, "locality"> {
  if (tma !== undefined) return { locality: parseLocality(tma, tmaKey) };
  if (tmaKey === undefined) return {};
  throw new RunError("BAD_OPTION", "--tma-key needs --tma serial:DEVICE");
}

function attachTarget({ cgroup, pid }: SensorOptions): AttachTarget | undefined {
  if (cgroup !== undefined && pid !== undefined)
    throw new RunError("BAD_OPTION", "--cgroup and --pid exclude each other");
  if (cgroup !== undefined) return { cgroup };
  return pid === undefined ? undefined : { pid };
}

function tsemRequest(options: SensorOptions): TsemRequest {
  const { tsemInternal, tsemNsref, tsemModel, tsemCache } = options;
  return {
    folder: tsemFolder(process.env),
    kind: tsemInternal === true ? "internal" : "external",
    nsref: tsemNsref ?? "current",
    ...(tsemModel === undefined ? {} : { model: tsemModel }),
    ...(tsemCache === undefined ? {} : { cache: tsemCache }),
  };
}
