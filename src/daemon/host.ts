// SPDX-License-Identifier: Apache-2.0
// Where the daemon's runs live: what its doors have in common.
import { ownProcessHost } from "../orchestrator/index.ts";
import type { RunHost } from "../orchestrator/run-host.ts";
import type { DaemonContext } from "./part.ts";

/**
 * A host in the daemon. Unless `parts` says otherwise the workload is launched by the daemon itself and decided on in its threads;
 * signals of this process are none of its business.
 */
export function daemonHost(
  { startWorker }: Pick<DaemonContext, "startWorker">,
  parts: Partial<RunHost> = {},
): RunHost {
  const { launch, group, protectedPids } = ownProcessHost();
  return { startWorker, launch, group, protectedPids, attend: () => () => undefined, ...parts };
}
