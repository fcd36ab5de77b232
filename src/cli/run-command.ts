// SPDX-License-Identifier: Apache-2.0
// A run as a command line asks for it and tells of it: the same words whether this process runs it or a daemon does.
import { resolve } from "node:path";
import { BUILTIN_PROFILES } from "../model/index.ts";
import type { AgentRequest } from "../orchestrator/agent/request.ts";
import { readNonce, readRequirement, RunError, stateRoot } from "../orchestrator/index.ts";
import type {
  RunDirectory,
  RunMode,
  RunObserver,
  RunRequest,
  RunOutcome,
  RunResult,
  ViolationReport,
} from "../orchestrator/index.ts";
import { readTokenSigner } from "../quote/token-signer.ts";
import { EXIT_VIOLATED, childStatus } from "./exit-status.ts";
import { plainBigInts, plural, type Voice } from "./render.ts";
import type { RunOptions } from "./run-program.ts";
import { driftWords } from "./run-text.ts";
import { localityRequest, sensorRequest } from "./sensor-options.ts";
import { violationLine } from "./violation-text.ts";

/** Who asks for a run. */
export interface Starter {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly uid: number;
  /** Bit n-1 for signal n. */
  readonly ignoredSignals: bigint;
}

/** What the options ask for; contradictions are refused. @throws RunError BAD_OPTION */
export function requestOf(
  command: readonly string[],
  options: RunOptions,
  { env, cwd, uid, ignoredSignals }: Starter,
): RunRequest {
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
    ...(options.base === undefined ? {} : { base: options.base }),
    ...requirementOf(options),
    ...(options.name === undefined ? {} : { name: options.name }),
    rules: { mapping: "tsem-v4", digest: "sha256", profile: BUILTIN_PROFILES[profile] },
    stateRoot: stateRoot(env, uid, cwd),
    cwd,
    env,
    ignoredSignals,
    deadlineMs: options.deadline,
    onExit: options.onExit,
    ...(options.onAnomaly === undefined ? {} : { onAnomaly: options.onAnomaly }),
    ...(options.agent === undefined ? {} : { agent: inFolder(options.agent, cwd) }),
    ...(options.service === true ? { service: true } : {}),
    ...(options.quixoteSocket === undefined ? {} : { quixoteSocket: options.quixoteSocket }),
    allowWeaker: options.allowWeaker === true,
    ...floorRequest(options),
    ...localityRequest(options),
    ...attestRequest(options),
    ...sensor,
  };
}

/** Who names keys wants them to count: a demand that is only half made is one. */
function requirementOf(options: RunOptions): Pick<RunRequest, "requirement"> {
  const { requireSignature, key, policy } = options;
  if (requireSignature !== true && key === undefined && policy === undefined) return {};
  const files = {
    ...(key === undefined ? {} : { keys: key }),
    ...(policy === undefined ? {} : { policy }),
  };
  return { requirement: readRequirement(files) };
}

/** @throws SignatureError BAD_KEY */
export function attestRequest(
  options: Pick<RunOptions, "attestKey" | "evidence" | "nonce">,
): Pick<RunRequest, "attest"> {
  const { attestKey, evidence: file, nonce } = options;
  const isAsked = file !== undefined || nonce !== undefined;
  if (isAsked && (file === undefined || nonce === undefined || attestKey === undefined))
    throw new RunError("BAD_OPTION", "--evidence, --nonce and --attest-key go together");
  if (attestKey === undefined) return {};
  const signer = readTokenSigner(attestKey);
  if (file === undefined || nonce === undefined) return { attest: { signer } };
  const order = { nonce: readNonce(nonce), form: "jwt" } as const;
  return { attest: { signer, last: { order, file } } };
}

/** A relative file is in the folder of who asks. */
function inFolder(agent: AgentRequest, cwd: string): AgentRequest {
  return { ...agent, file: resolve(cwd, agent.file) };
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

/** Tells of the run while it goes on. */
export function tellingObserver(mode: RunMode, voice: Voice): RunObserver {
  return {
    onViolation: teller(mode, voice),
    onAnomaly: ({ number, stream, pid, kind }, { name }) => {
      if (number > TOLD_ANOMALIES) return;
      const who = stream === "process" ? `process ${pid}` : "the workload as a whole";
      const what = kind === "alarm" ? "does what it may in a strange order" : "was strange";
      voice.sayError(`${who} ${what}; galgo why ${name} --sequences`);
    },
    onAgentFinding: ({ number, words }) => {
      if (number <= TOLD_ANOMALIES) voice.sayError(words);
    },
    onNotice: (text) => voice.say(text),
  };
}

/** Strange sequences that are told of one by one. */
const TOLD_ANOMALIES = 3;

/** Tells how the run has ended. @returns the exit status */
export function tellResult(
  result: RunResult,
  request: RunRequest,
  options: Pick<RunOptions, "json" | "passStatus">,
  voice: Voice,
): number {
  summarize(result, voice);
  if (options.json === true) voice.sayRaw(`${JSON.stringify(result.record, plainBigInts)}\n`);
  return statusOf(result, request, options.passStatus === true);
}

/** Violations that are told of one by one; the rest is in the records and in the summary. A free run has some once it was sealed. */
const TOLD: Readonly<Record<RunMode, number>> = { free: 3, detect: 3, enforce: 10 };

function teller(
  mode: RunMode,
  voice: Voice,
): (violation: ViolationReport, run: RunDirectory) => void {
  return (violation, { name }) => {
    if (violation.number > TOLD[mode]) return;
    voice.sayError(violationLine(violation, name, voice.paint));
    if (violation.number === TOLD[mode])
      voice.say(`later violations are only recorded: galgo show ${name} forensics`);
  };
}

function sayDrift({ sequences }: RunResult["outcome"], say: Voice["say"]): void {
  if (sequences !== undefined) for (const words of driftWords(sequences.drift)) say(words);
}

function summarize({ outcome, record, directory }: RunResult, { say, sayError }: Voice): void {
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
    if (outcome.sealed !== undefined) say(sealedLine(outcome, name));
    return;
  }
  sayDrift(outcome, say);
  if (counts.violations + counts.refused === 0) return;
  const verb =
    record.mode === "enforce" && record.onViolation !== "observe" ? "refused" : "recorded";
  const later =
    counts.refused === 0 ? "" : `, then ${plural(counts.refused, "call")} of untrusted processes`;
  const times =
    outcome.shadow === undefined ? "" : ` (${plural(outcome.shadow.total, "time")} in all)`;
  say(`${plural(counts.violations, "violation")} ${verb}${times}${later}; galgo why ${name}`);
}

/** By a console, or over the daemon's API. */
function sealedLine({ counts, enforced }: RunOutcome, name: string): string {
  const sealed = "sealed by an order while it ran";
  if (counts.violations === 0) return `${sealed}; nothing new came after that`;
  const refused = enforced === true ? ", refused" : "";
  return `${sealed}; ${plural(counts.violations, "behaviour")} after that${refused}; galgo why ${name}`;
}

function statusOf(result: RunResult, request: RunRequest, passStatus: boolean): number {
  const { counts, exit } = result.outcome;
  const enforced = request.mode === "enforce" && request.onViolation !== "observe";
  // what was refused without a violation was not trusted because of an anomaly
  if (enforced && counts.violations + counts.refused > 0 && !passStatus) return EXIT_VIOLATED;
  return exit === undefined ? 0 : childStatus(exit);
}
