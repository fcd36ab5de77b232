// SPDX-License-Identifier: Apache-2.0
// A workload as `galgo ps` and `galgo top` know it: one of the daemon, or a run that goes on alone, of which less is known.
import { quote } from "../../base/quote.ts";
import type { WorkloadCounts, WorkloadOrigin, WorkloadStatus } from "../../daemon/api/types.ts";
import type { RunningRun } from "../../orchestrator/inspect/index.ts";

/** What is known of a running workload, whoever runs it. */
export type Listed = Omit<
  WorkloadStatus,
  | "counts"
  | "fidelity"
  | "held"
  | "latency"
  | "measurement"
  | "model"
  | "origin"
  | "owner"
  | "sealed"
  | "sensor"
  | "state"
> &
  Partial<
    Pick<
      WorkloadStatus,
      "fidelity" | "held" | "latency" | "measurement" | "owner" | "sealed" | "state"
    >
  > & {
    /** Who runs it: the daemon, or a Galgo of its own. */
    readonly via: "daemon" | "alone";
    readonly sensor: string;
    /** Of a run that goes on alone the process of its Galgo is known, not that of the command. */
    readonly origin:
      | WorkloadOrigin
      | { readonly kind: "command"; readonly command: readonly string[] };
    readonly galgoPid?: number;
    readonly counts: Partial<WorkloadCounts>;
    readonly model?: { readonly file: string; readonly name?: string; readonly digest?: string };
  };

export function ofDaemon(status: WorkloadStatus): Listed {
  return { via: "daemon", ...status };
}

export function ofRun({ record, directory, violations }: RunningRun): Listed {
  const { name, runId, mode, onViolation, sensor, started, command, attached } = record;
  const { galgoPid, modelFile } = record;
  return {
    via: "alone",
    id: runId,
    name,
    mode,
    onViolation,
    sensor,
    started,
    status: "running",
    galgoPid,
    origin:
      attached === undefined ? { kind: "command", command } : { kind: "attached", ...attached },
    counts: mode === "free" ? {} : { violations },
    ...(modelFile === undefined ? {} : { model: { file: modelFile } }),
    directory: directory.path,
  };
}

/** Longest part of a command line that is shown. */
const MAX_WORDS = 400;

/** Where a workload comes from, in a few words; its texts are quoted. */
export function originText({ origin, via }: Pick<Listed, "origin" | "via">): string {
  switch (origin.kind) {
    case "command":
      return origin.command.length === 0 && via === "alone"
        ? "?"
        : origin.command.map((word) => quote(word, MAX_WORDS)).join(" ");
    case "container": {
      const image = origin.image === undefined ? "" : `${quote(origin.image, MAX_WORDS)} `;
      return `${image}${quote(origin.containerId.slice(0, 12))}`;
    }
    case "attached":
      return "pid" in origin
        ? `process ${origin.pid} and descendants`
        : `cgroup ${quote(origin.cgroup, MAX_WORDS)}`;
  }
}
