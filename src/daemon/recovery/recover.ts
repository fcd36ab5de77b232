// SPDX-License-Identifier: Apache-2.0
// What becomes of the workloads that an earlier daemon had when it was killed: each is dealt with, its record says so, and people are told.
import { quote } from "../../base/quote.ts";
import type { DaemonContext, RunningPart } from "../part.ts";
import type { WorkloadEntry } from "../registry/workload-files.ts";
import { bury } from "./bury.ts";

/** @param parts asked in their order; the first that knows a workload deals with it */
export async function recover(
  { registry, tell }: Pick<DaemonContext, "registry" | "tell">,
  parts: readonly RunningPart[],
): Promise<void> {
  for (const entry of registry.left()) {
    try {
      const what = (await recoveredBy(parts, entry)) ?? killed(entry);
      registry.settle(entry, what);
      tell("warning", `workload ${quote(entry.name)} (${quote(entry.id)}): ${what}`);
    } catch (error) {
      // its file stays: the next start tries again
      const message = error instanceof Error ? error.message : String(error);
      tell("error", `workload ${quote(entry.name)} of the daemon before: ${message}`);
    }
  }
}

async function recoveredBy(
  parts: readonly RunningPart[],
  entry: WorkloadEntry,
): Promise<string | undefined> {
  for (const part of parts) {
    const what = await part.recover?.(entry);
    if (what !== undefined) return what;
  }
  return undefined;
}

/** Its guard has killed it, as guards do when their daemon is gone. */
function killed(entry: WorkloadEntry): string {
  const what =
    `the daemon (pid ${entry.daemonPid}) ended while it ran, and it was killed; ` +
    "what happened after that instant is not recorded";
  return bury(entry, what);
}
