// SPDX-License-Identifier: Apache-2.0
// What should make a person look twice before a model is enforced.
import type { SecurityEvent } from "../event/event.ts";
import { isProgramUse } from "./file-use.ts";
import type { Completeness, WorkloadModel } from "./workload-model.ts";

/** `error`: do not enforce this model. `warning`: it may refuse or allow more than you think. */
export interface LintFinding {
  readonly level: "error" | "warning";
  readonly code:
    | "NO_POINTS"
    | "LOST_EVENTS"
    | "NOTHING_HELD"
    | "UNKNOWN_ORIGIN"
    | "ONE_RUN"
    | "UNSEALED"
    | "NO_EXEC"
    | "NOT_SATURATED";
  readonly message: string;
}

const PARTS = 10;
const FLAT_SHARE = 0.05;

/**
 * Looks a model over. Coefficients do not say what they stand for, so NO_EXEC (no program was ever started) is found only
 * when the recorded events of the run are given too.
 */
export function lintModel(
  { spec }: WorkloadModel,
  events?: Iterable<SecurityEvent>,
): readonly LintFinding[] {
  const found: LintFinding[] = [];
  const add = (level: LintFinding["level"], code: LintFinding["code"], message: string): void => {
    found.push({ level, code, message });
  };
  const { completeness: c } = spec;
  if (spec.points.length === 0)
    add("error", "NO_POINTS", "the model allows nothing: it has no points");
  if (c.eventsLost > 0) {
    const share = `${c.eventsLost} of ${c.eventsSeen + c.eventsLost} events were lost while learning`;
    add("error", "LOST_EVENTS", `${share}: what they were is not in the model`);
  }
  if (spec.fidelity.sensor === "unknown") {
    add(
      "warning",
      "UNKNOWN_ORIGIN",
      "the model was not learned by Galgo: how much was seen and held then is not known",
    );
  } else if (spec.fidelity.holds.length === 0) {
    add(
      "warning",
      "NOTHING_HELD",
      `the sensor ${spec.fidelity.sensor} held no event, so nothing can be refused in time`,
    );
  }
  if (c.runs < 2 && spec.fidelity.sensor !== "unknown")
    add("warning", "ONE_RUN", "learned from one run: behaviour that varies is not covered");
  if (!spec.sealed)
    add("warning", "UNSEALED", "the model is not sealed: seal it before it is enforced");
  if (events !== undefined && !hasExec(events)) {
    add("warning", "NO_EXEC", "no program was started: the records do not show a whole run");
  }
  const late = lateShare(c);
  if (late !== undefined) {
    add("warning", "NOT_SATURATED", `${late}: more runs would find more`);
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

/** In words, when learning had not come to rest: the last run of several, or the last tenth of the only one. */
function lateShare({ saturation, behaviours, runs }: Completeness): string | undefined {
  if (behaviours === 0 || saturation.length < PARTS) return undefined;
  const lastRun = saturation.slice(-PARTS);
  const single = runs < 2 || saturation.length < 2 * PARTS;
  const recent = single ? (lastRun.at(-1) ?? 0) : lastRun.reduce((total, n) => total + n, 0);
  if (recent <= behaviours * FLAT_SHARE) return undefined;
  const percent = Math.round((recent / behaviours) * 100);
  const when = single ? "the last tenth of the run" : "the last run";
  return `${when} still brought ${recent} new behaviours, ${percent}% of all`;
}
