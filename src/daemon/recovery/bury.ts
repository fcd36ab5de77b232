// SPDX-License-Identifier: Apache-2.0
// The report of a run that ended with its daemon.
import { existsSync } from "node:fs";
import { quote } from "../../base/quote.ts";
import { failLeftRun } from "../../orchestrator/index.ts";
import { runFolder } from "../../orchestrator/inspect/index.ts";
import type { WorkloadEntry } from "../registry/workload-files.ts";

/**
 * Writes into the report that the run has failed, where it does not say how it ended.
 * @param what one sentence: why
 * @returns what is told of the workload
 * @throws the error of the file system when it can not be written
 */
export function bury({ id, name, directory, daemonPid }: WorkloadEntry, what: string): string {
  if (failLeftRun(directory, what) !== undefined) return what;
  if (existsSync(runFolder(directory, { name, runId: id }).run))
    return `it had ended, and its report was written, before its daemon (pid ${daemonPid}) ended`;
  return `${what}; its report is gone: ${quote(directory)}`;
}
