// SPDX-License-Identifier: Apache-2.0
// What the worker needs to make a TSEM namespace, told by the plan of a run.
import type { RunPlan } from "../plan.ts";
import { withMarks } from "../namespace/test-marks.ts";
import type { TsemSetup } from "../worker-protocol.ts";
import { usualOpenFiles } from "../workload.ts";

/** What the worker needs to launch by itself; undefined with the seccomp sensor. */
export function tsemSetup({ request, program, tma }: RunPlan): TsemSetup | undefined {
  const { tsem, command, cwd, stdio = [0, 1, 2], deadlineMs, ignoredSignals = 0n } = request;
  if (tsem === undefined) return undefined;
  const { folder, kind, nsref, model, cache, nameDigest } = tsem;
  const options = {
    nsref,
    ...(model === undefined ? {} : { model }),
    ...(nameDigest === true ? { digest: tma.digest } : {}),
    ...(cache === undefined ? {} : { cache }),
  };
  const path = program;
  const openFiles = usualOpenFiles();
  const env = withMarks(request.env, undefined);
  const start = { command, path, env, cwd, stdio, openFiles, ignoredSignals };
  return { folder, kind, options, deadlineMs, ...start };
}
