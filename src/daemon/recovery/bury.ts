// SPDX-License-Identifier: Apache-2.0
// The report of a run that ended with its daemon.
import { quote } from "../../base/quote.ts";
import { failLeftRun } from "../../orchestrator/index.ts";
import type { WorkloadEntry } from "../registry/workload-files.ts";

/**
 * Writes into the report that the run has failed, where it does not say how it ended.
 * @param what one sentence: why
 * @returns what is told of the workload
 * @throws the error of the file system when it can not be written
 */
export function bury({ directory, daemonPid }: WorkloadEntry, what: string): string {
  switch (failLeftRun(directory, what)?.status) {
    case "running":
      return what;
    case "finished":
      return `it had ended, and its report was written, before its daemon (pid ${daemonPid}) ended`;
    case "failed":
      return `${what}; its report says already why it failed`;
    case undefined:
      return `${what}; its report is gone: ${quote(directory)}`;
  }
}
