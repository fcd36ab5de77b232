// SPDX-License-Identifier: Apache-2.0
// What should make a person look twice before a model is enforced, and the verdict that follows.
import type { SecurityEvent } from "../../event/event.ts";
import type { RequirementResult } from "../completeness/completeness-types.ts";
import { isProgramUse } from "../rules/file-use.ts";
import { idleFindings, requirementFindings } from "./lint-activity.ts";
import { saturationFindings } from "./lint-saturation.ts";
import { ruleFindings } from "./lint-rules.ts";
import type { WorkloadModel, WorkloadModelSpec } from "../file/workload-model.ts";

export const LINT_CODES = [
  "NO_POINTS",
  "LOST_EVENTS",
  "UNKNOWN_ORIGIN",
  "NOTHING_HELD",
  "ONE_RUN",
  "FEW_RUNS",
  "UNSEALED",
  "NO_EXEC",
  "REQUIREMENT_NOT_MET",
  "IDLE",
  "IDLE_SERVER",
  "ONLY_READ",
  "NOT_SATURATED",
  "UNSEEN_LIKELY",
  "NOT_FORETOLD",
  "WIDE_RULE",
  "THIN_EVIDENCE",
  "OLD_RULES",
  "OLD_MODEL",
] as const;

export type LintCode = (typeof LINT_CODES)[number];

/** `error`: do not enforce this model. `warning`: it may refuse or allow more than you think. */
export interface LintFinding {
  readonly level: "error" | "warning";
  readonly code: LintCode;
  /** Text of the workload in it is quoted. */
  readonly message: string;
}

/** What is known beside the model. */
export interface LintKnowledge {
  /** The recorded events. */
  readonly events?: Iterable<SecurityEvent>;
  /** More requirements than the model has, and whether the records meet them. */
  readonly requirements?: readonly RequirementResult[];
}

/**
 * Below this many runs what differs from run to run can not be told from what does not: with two, a behaviour of one of them is either rare or
 * random; the third says which.
 */
const MIN_RUNS = 3;

/**
 * Looks a model over. Coefficients do not say what they stand for, so NO_EXEC (no program was ever started) is found only
 * when the recorded events of the run are given too.
 */
export function lintModel(
  { spec }: WorkloadModel,
  { events, requirements = [] }: LintKnowledge = {},
): readonly LintFinding[] {
  const required = [...(spec.completeness.requirements ?? []), ...requirements];
  return [
    ...pointFindings(spec),
    ...originFindings(spec),
    ...runFindings(spec),
    ...(spec.sealed
      ? []
      : [error("UNSEALED", "the model is not sealed: seal it before it is enforced")]),
    ...(events === undefined || hasExec(events)
      ? []
      : [warning("NO_EXEC", "no program was started: the records do not show a whole run")]),
    ...requirementFindings(required),
    ...idleFindings(spec.completeness, required),
    ...saturationFindings(spec.completeness),
    ...ruleFindings(spec.profile),
  ];
}

function error(code: LintCode, message: string): LintFinding {
  return { level: "error", code, message };
}

function warning(code: LintCode, message: string): LintFinding {
  return { level: "warning", code, message };
}

function pointFindings({ points, completeness: c }: WorkloadModelSpec): readonly LintFinding[] {
  const found: LintFinding[] = [];
  if (points.length === 0)
    found.push(error("NO_POINTS", "the model allows nothing: it has no points"));
  if (c.eventsLost > 0) {
    const share = `${c.eventsLost} of ${c.eventsSeen + c.eventsLost} events were lost while learning`;
    found.push(error("LOST_EVENTS", `${share}: what they were is not in the model`));
  }
  return found;
}

function originFindings({ fidelity }: WorkloadModelSpec): readonly LintFinding[] {
  if (fidelity.sensor === "unknown") {
    const problem =
      "the model was not learned by Galgo: how much was seen and held then, and how complete it is, is not known";
    return [error("UNKNOWN_ORIGIN", problem)];
  }
  if (fidelity.holds.length > 0) return [];
  const problem = `the sensor ${fidelity.sensor} held no event, so nothing can be refused in time`;
  return [warning("NOTHING_HELD", problem)];
}

function runFindings({ fidelity, completeness }: WorkloadModelSpec): readonly LintFinding[] {
  const { runs, perRun } = completeness;
  if (fidelity.sensor === "unknown") return [];
  const found: LintFinding[] = [];
  if (runs < 2) {
    found.push(
      error(
        "ONE_RUN",
        "learned from one run: behaviour that varies is not covered, and nothing shows that there is none; learn with --runs 3",
      ),
    );
  } else if (runs < MIN_RUNS) {
    const problem = `learned from ${runs} runs: what one of them lacked may be rare or random, and only a third tells`;
    found.push(warning("FEW_RUNS", problem));
  }
  if (perRun === undefined) {
    const problem =
      "the model does not say what each run showed and whether the workload did anything: it was made by an older Galgo, from a replay, or without its records; learn again";
    found.push(warning("OLD_MODEL", problem));
  }
  return found;
}

function hasExec(events: Iterable<SecurityEvent>): boolean {
  for (const e of events) {
    if (e.hook === "bprm_committed_creds") return true;
    if (e.hook === "file_open" && isProgramUse(e.hook, e.cell.file.flags)) return true;
  }
  return false;
}

/** What shall count otherwise than usual. */
export interface ReadinessOptions {
  /** Codes whose findings do not stand in the way. */
  readonly allow?: readonly LintCode[];
  /** Warnings stand in the way, too. */
  readonly strict?: boolean;
}

export interface Readiness {
  readonly verdict: "ready" | "not ready";
  /** The findings that stand in the way; empty when ready. */
  readonly reasons: readonly LintFinding[];
  /** The others. */
  readonly remarks: readonly LintFinding[];
}

/** Whether a model should be enforced. Errors stand in the way; warnings only when asked for. */
export function readiness(
  findings: readonly LintFinding[],
  { allow = [], strict = false }: ReadinessOptions = {},
): Readiness {
  const blocks = ({ level, code }: LintFinding): boolean =>
    !allow.includes(code) && (strict || level === "error");
  const reasons = findings.filter(blocks);
  return {
    verdict: reasons.length === 0 ? "ready" : "not ready",
    reasons,
    remarks: findings.filter((finding) => !blocks(finding)),
  };
}
