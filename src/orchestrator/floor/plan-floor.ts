// SPDX-License-Identifier: Apache-2.0
// Whether a run can have a floor, and what it then is. Refused aloud: a floor is asked for because of its speed, and nobody shall
// find out later that it was not there.
import { quote } from "../../base/quote.ts";
import type { WorkloadModel } from "../../model/file/workload-model.ts";
import { landlockAbi } from "../../native/landlock.ffi.ts";
import { FLOOR_ABI } from "../../sensor/seccomp/index.ts";
import { disclose } from "../disclosed/disclose.ts";
import { RunError } from "../errors.ts";
import type { RunRequest } from "../run-request.ts";
import { deriveFloor, type FloorPlan } from "./derive.ts";

/** Reasons that are told; a model that has more has too many. */
const MAX_REASONS = 12;

/**
 * @returns undefined when no floor was asked for
 * @throws RunError BAD_OPTION, NO_FLOOR; ModelUseError NOT_SEALED, NO_RECORDS; RecordFileError
 */
export function planFloor(
  request: RunRequest,
  model: WorkloadModel | undefined,
): FloorPlan | undefined {
  const { floor, modelFile } = request;
  if (floor === undefined) return undefined;
  refuseOptions(request);
  if (model === undefined || modelFile === undefined)
    throw new RunError("BAD_OPTION", "--floor needs a model: what may be read is taken from it");
  const { sensor } = model.spec.fidelity;
  if (sensor !== "seccomp") {
    throw new RunError(
      "NO_FLOOR",
      `a floor needs a model that was learned with the sensor seccomp, not ${sensor}: others name what is read differently`,
    );
  }
  const abi = landlockAbi();
  if (abi < FLOOR_ABI) {
    const has = abi === 0 ? "has no Landlock" : `has Landlock ABI ${abi}`;
    throw new RunError(
      "NO_FLOOR",
      `this kernel ${has}; --floor needs ABI ${FLOOR_ABI} or newer. Run it without --floor`,
    );
  }
  const derived = deriveFloor(disclose(model, modelFile), floor.allow);
  if ("reasons" in derived) throw noFloor(modelFile, derived.reasons);
  return derived;
}

function refuseOptions({ mode, onViolation, tsem, bpf, quixoteSocket }: RunRequest): void {
  if (tsem !== undefined || bpf !== undefined)
    throw new RunError("BAD_OPTION", "--floor goes with --sensor seccomp only");
  if (mode !== "enforce" || onViolation === "observe") {
    throw new RunError(
      "BAD_OPTION",
      "--floor goes with --enforce only: the kernel refuses what lies outside of it, so nothing can be merely observed",
    );
  }
  if (quixoteSocket !== undefined) {
    throw new RunError(
      "BAD_OPTION",
      "--floor does not go with --quixote-socket: a console would be told a state that holds reads which nobody sees",
    );
  }
}

function noFloor(modelFile: string, reasons: readonly string[]): RunError {
  const told = reasons.slice(0, MAX_REASONS).map((reason) => `\n  ${quote(reason, 300)}`);
  const more = reasons.length > MAX_REASONS ? `\n  and ${reasons.length - MAX_REASONS} more` : "";
  return new RunError(
    "NO_FLOOR",
    `${quote(modelFile)} can have no floor, because:${told.join("")}${more}\nRun it without --floor`,
    { facts: { reasons } },
  );
}
