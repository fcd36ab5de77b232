// SPDX-License-Identifier: Apache-2.0
// galgo run: a command under a model (detect, enforce) or without one (free, recorded).
import { BUILTIN_PROFILES } from "../../model/index.ts";
import { RunError, runWorkload, stateRoot } from "../../orchestrator/index.ts";
import type {
  RunDirectory,
  RunMode,
  RunRequest,
  RunResult,
  ViolationPolicy,
  ViolationReport,
} from "../../orchestrator/index.ts";
import { EXIT_VIOLATED, childStatus } from "../exit-status.ts";
import { IGNORED_SIGNALS } from "../inherited.ts";
import { errPainter, plainBigInts, plural, say, sayError, sayRaw } from "../render.ts";
import { type SensorOptions, sensorRequest } from "../sensor-options.ts";
import { violationLine } from "../violation-text.ts";

interface RunOptions extends SensorOptions {
  readonly model?: string;
  readonly enforce?: boolean;
  readonly detect?: boolean;
  readonly onViolation?: ViolationPolicy;
  readonly name?: string;
  readonly passStatus?: boolean;
  readonly allowWeaker?: boolean;
  readonly floor?: boolean;
  readonly floorAllow?: readonly string[];
  readonly json?: boolean;
  readonly deadline: number;
  readonly onExit: "wait" | "kill";
  readonly quixoteSocket?: string;
}

export async function run(command: readonly string[], options: RunOptions): Promise<void> {
  const request = requestOf(command, options);
  const result = await runWorkload(request, { onViolation: teller(request.mode), onNotice: say });
  summarize(result);
  if (options.json === true) sayRaw(`${JSON.stringify(result.record, plainBigInts)}\n`);
  process.exitCode = statusOf(result, request, options.passStatus === true);
}

/** Violations that are told of one by one; the rest is in the records and in the summary. A free run has some once it was sealed. */
const TOLD: Readonly<Record<RunMode, number>> = { free: 3, detect: 3, enforce: 10 };

function teller(mode: RunMode): (violation: ViolationReport, run: RunDirectory) => void {
  const paint = errPainter();
  return (violation, { name }) => {
    if (violation.number > TOLD[mode]) return;
    sayError(violationLine(violation, name, paint));
    if (violation.number === TOLD[mode])
      say(`later violations are only recorded: galgo show ${name} forensics`);
  };
}

/** What the options ask for; contradictions are refused. */
function requestOf(command: readonly string[], options: RunOptions): RunRequest {
  const mode = modeOf(options);
  const onViolation = options.onViolation ?? (mode === "enforce" ? "deny" : "observe");
  if (mode !== "enforce" && onViolation !== "observe") {
    throw new RunError(
      "BAD_OPTION",
      `--on-violation ${onViolation} needs --enforce: nothing is refused otherwise`,
    );
  }
  const sensor = sensorRequest(options);
  const profile = sensor.tsem === undefined ? "portable" : "exact";
  return {
    command,
    mode,
    onViolation,
    ...(options.model === undefined ? {} : { modelFile: options.model }),
    ...(options.name === undefined ? {} : { name: options.name }),
    rules: { mapping: "tsem-v4", digest: "sha256", profile: BUILTIN_PROFILES[profile] },
    stateRoot: stateRoot(process.env, process.getuid?.() ?? -1),
    cwd: process.cwd(),
    env: process.env,
    ignoredSignals: IGNORED_SIGNALS,
    deadlineMs: options.deadline,
    onExit: options.onExit,
    ...(options.quixoteSocket === undefined ? {} : { quixoteSocket: options.quixoteSocket }),
    allowWeaker: options.allowWeaker === true,
    ...floorRequest(options),
    ...sensor,
  };
}

function floorRequest({ floor, floorAllow }: RunOptions): Pick<RunRequest, "floor"> {
  if (floor === true) return { floor: { allow: floorAllow ?? [] } };
  if (floorAllow === undefined) return {};
  throw new RunError("BAD_OPTION", "--floor-allow needs --floor");
}

function modeOf({ model, enforce, detect }: RunOptions): RunMode {
  if (enforce === true) return "enforce";
  return detect === true || model !== undefined ? "detect" : "free";
}

function summarize({ outcome, record, directory }: RunResult): void {
  const { counts, killed } = outcome;
  const { name } = directory;
  if (killed !== undefined) sayError(`the workload was killed: ${killed}`);
  if (counts.lost > 0) {
    sayError(
      `${plural(counts.lost, "event")} could not be seen or described; galgo show ${name} run`,
    );
  }
  if (record.mode === "free") {
    say(
      `${plural(counts.points, "behaviour")} in ${plural(counts.events, "event")} recorded; galgo show ${name} trajectory`,
    );
    if (outcome.sealed !== undefined) {
      say(
        `sealed by a console; ${plural(counts.violations, "behaviour")} after that; galgo why ${name}`,
      );
    }
    return;
  }
  if (counts.violations + counts.refused === 0) return;
  const verb =
    record.mode === "enforce" && record.onViolation !== "observe" ? "refused" : "recorded";
  const later =
    counts.refused === 0 ? "" : `, then ${plural(counts.refused, "call")} of untrusted processes`;
  const times =
    outcome.shadow === undefined ? "" : ` (${plural(outcome.shadow.total, "time")} in all)`;
  say(`${plural(counts.violations, "violation")} ${verb}${times}${later}; galgo why ${name}`);
}

function statusOf(result: RunResult, request: RunRequest, passStatus: boolean): number {
  const { counts, exit } = result.outcome;
  const enforced = request.mode === "enforce" && request.onViolation !== "observe";
  if (enforced && counts.violations > 0 && !passStatus) return EXIT_VIOLATED;
  return exit === undefined ? 0 : childStatus(exit);
}
