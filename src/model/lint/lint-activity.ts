// SPDX-License-Identifier: Apache-2.0
// Findings about what the workload did at all while it was learned: a model of a program that only waited is complete, and of no use.
import { quote } from "../../base/quote.ts";
import type { ActivityKind, RequirementResult } from "../completeness/completeness-types.ts";
import type { LintFinding } from "./lint.ts";
import type { Completeness } from "../file/workload-model.ts";

/** What every start of a program shows. */
const STARTING: readonly ActivityKind[] = ["programs", "startup"];
/** What reading adds to that. */
const READING: readonly ActivityKind[] = [...STARTING, "reads"];

/** A finding for each behaviour that the workload must have and did not. */
export function requirementFindings(
  required: readonly RequirementResult[],
): readonly LintFinding[] {
  const missing = required.filter(({ met }) => !met).map(({ require }) => require);
  return [...new Set(missing)].map((require) => ({
    level: "error",
    code: "REQUIREMENT_NOT_MET",
    message: `${quote(require)} was required, and no run did it: run the workload so that it does`,
  }));
}

/**
 * Findings about idleness. A requirement that is met says that the workload did what it is for, however little that is; who connects to
 * a server is another matter, for which there is `accept`. Models that do not tell have none.
 */
export function idleFindings(
  { activity }: Completeness,
  required: readonly RequirementResult[],
): readonly LintFinding[] {
  if (activity === undefined) return [];
  const kinds = Object.keys(activity) as readonly ActivityKind[];
  const only = (usual: readonly ActivityKind[]): boolean =>
    kinds.every((kind) => usual.includes(kind));
  if (kinds.includes("listens") && !kinds.includes("accepts")) return [idleServer()];
  if (required.some(({ met }) => met)) return [];
  if (only(STARTING)) return [idle(activity.programs ?? 0)];
  return only(READING) ? [onlyRead()] : [];
}

function idleServer(): LintFinding {
  return {
    level: "error",
    code: "IDLE_SERVER",
    message:
      "it listened, and nothing shows that anybody connected: what it does for a client is not in the model; send it requests while it is learned",
  };
}

function idle(programs: number): LintFinding {
  const what = programs > 1 ? `${programs} programs were started, and they` : "it";
  return {
    level: "error",
    code: "IDLE",
    message:
      `${what} did nothing but start: no file of its own was read or written, nothing was created, nobody was talked to. ` +
      "Give it its work while it is learned; if that is all of it, name what must be seen: --require exec:PROGRAM",
  };
}

function onlyRead(): LintFinding {
  return {
    level: "warning",
    code: "ONLY_READ",
    message:
      "it only read files: nothing was written, created, sent or received; --require says what must be seen",
  };
}
