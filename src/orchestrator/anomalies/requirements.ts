// SPDX-License-Identifier: Apache-2.0
// Whether a run can do what it is asked to do about anomalies: refused before anything is started, not found out when it matters.
import type { WorkloadModel } from "../../model/index.ts";
import { RunError } from "../errors.ts";
import { enforces } from "../run-record.ts";
import type { RunRequest } from "../run-request.ts";

/** @throws RunError BAD_OPTION */
export function requireResponses(request: RunRequest, model: WorkloadModel | undefined): void {
  const { onAnomaly, agent, bpf, tsem } = request;
  const asked = agent !== undefined ? "--agent" : "--on-anomaly";
  const acts = onAnomaly !== undefined && onAnomaly.action !== "observe";
  if (agent === undefined && !acts) return;
  if (bpf !== undefined)
    throw bad(
      `${asked} does not go with --sensor bpf: its programs recognise what is known by themselves, so nobody hears of the order`,
    );
  if (tsem?.kind === "internal")
    throw bad(`${asked} does not go with --tsem-internal: the kernel decides there`);
  if (!acts) return;
  if (agent === undefined && (request.mode === "free" || model?.spec.sequences === undefined))
    throw bad(
      `--on-anomaly ${onAnomaly.action} needs a model that was learned with --alarm-budget, or --agent: nothing finds anomalies otherwise`,
    );
  if (onAnomaly.action === "untrusted" && !enforces(request))
    throw bad("--on-anomaly untrusted needs --enforce: nothing is refused otherwise");
}

function bad(message: string): RunError {
  return new RunError("BAD_OPTION", message);
}
