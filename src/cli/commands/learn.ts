// SPDX-License-Identifier: Apache-2.0
// galgo learn: runs a command without refusing anything and writes what it did as a sealed model.
import { quote } from "../../base/quote.ts";
import {
  BUILTIN_PROFILES,
  lintModel,
  ModelError,
  parseRule,
  withAskedRules,
} from "../../model/index.ts";
import type {
  DigestName,
  LintCode,
  MappingName,
  ProfileSpec,
  WorkloadModel,
} from "../../model/index.ts";
import {
  checkName,
  defaultName,
  learnWorkload,
  RunError,
  stateRoot,
} from "../../orchestrator/index.ts";
import type { LearnRequest, LearnResult } from "../../orchestrator/index.ts";
import { childStatus } from "../exit-status.ts";
import { sayFound } from "../found-text.ts";
import { count, outJson, plural, say } from "../render.ts";
import { IGNORED_SIGNALS } from "../inherited.ts";
import { exitText } from "../run-text.ts";
import { localityRequest, type SensorOptions, sensorRequest } from "../sensor-options.ts";

interface LearnOptions extends SensorOptions {
  readonly output?: string;
  readonly runs: number;
  readonly name?: string;
  readonly profile?: "portable" | "exact";
  readonly mapping: MappingName;
  readonly digest: DigestName;
  readonly alarmBudget?: number;
  readonly allowLoss?: boolean;
  readonly require?: readonly string[];
  readonly rule?: readonly string[];
  readonly json?: boolean;
  readonly deadline: number;
  readonly onExit: "wait" | "kill";
  readonly service?: boolean;
  readonly quixoteSocket?: string;
}

export async function learn(command: readonly string[], options: LearnOptions): Promise<void> {
  const { mapping, digest } = options;
  const sensor = sensorRequest(options);
  if (options.runs > 1 && sensor.bpf?.attach !== undefined)
    throw new RunError(
      "BAD_OPTION",
      `--runs ${options.runs} needs a command that can be run again`,
    );
  const name = checkName(options.name ?? defaultName(command[0], sensor.bpf?.attach));
  // a TSEM kernel's TASK_IDs are exact whatever rules are applied to the rest
  const profile = options.profile ?? (sensor.tsem === undefined ? "portable" : "exact");
  const result = await learnWorkload(
    {
      run: {
        command,
        mode: "free",
        onViolation: "observe",
        name,
        rules: { mapping, digest, profile: profileOf(profile, options.rule ?? []) },
        stateRoot: stateRoot(process.env, process.getuid?.() ?? -1),
        cwd: process.cwd(),
        env: process.env,
        ignoredSignals: IGNORED_SIGNALS,
        deadlineMs: options.deadline,
        onExit: options.onExit,
        ...(options.service === true ? { service: true } : {}),
        ...(options.quixoteSocket === undefined ? {} : { quixoteSocket: options.quixoteSocket }),
        allowWeaker: false,
        ...localityRequest(options),
        ...sensor,
      },
      runs: options.runs,
      output: options.output ?? `./${name}.galgo.json`,
      ...wanted(options),
    },
    {
      onNotice: say,
      onRun: ({ outcome }, index, added) => {
        if (options.runs === 1) return;
        say(
          `run ${index + 1} of ${options.runs}: ${plural(added, "new behaviour")} in ${plural(outcome.counts.events, "event")}`,
        );
      },
    },
  );
  if (options.json === true) printJson(result);
  summarize(result);
  process.exitCode = childStatus(result.exit);
}

/** What the model shall have, and may lack. */
function wanted({
  allowLoss = false,
  require = [],
  alarmBudget,
}: LearnOptions): Pick<LearnRequest, "allowLoss" | "required" | "alarmsPerDay"> {
  return {
    allowLoss,
    required: require,
    ...(alarmBudget === undefined ? {} : { alarmsPerDay: alarmBudget }),
  };
}

/** The rules of a profile, and those that were asked for. */
function profileOf(name: "portable" | "exact", asked: readonly string[]): ProfileSpec {
  try {
    return withAskedRules(BUILTIN_PROFILES[name], asked.flatMap(parseRule));
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    throw new RunError("BAD_OPTION", `--rule: ${error.message}`, { cause: error });
  }
}

/** Said at once, while it is easy to learn again. */
const DID_NOTHING: ReadonlySet<LintCode> = new Set<LintCode>(["IDLE", "IDLE_SERVER"]);

function printJson(result: LearnResult): void {
  outJson({
    model: result.output,
    records: result.recordsFile,
    name: result.model.metadata.name,
    behaviours: result.model.spec.points.length,
    state: result.model.spec.state,
    events: result.events,
    lost: result.lost,
    rules: result.rules,
    varying: result.varying,
    brought: result.brought,
    requirements: result.model.spec.completeness.requirements ?? [],
    runs: result.runs.map(({ record }) => record),
    exit: result.exit,
  });
}

function sayMissing(model: WorkloadModel): void {
  for (const { require, met } of model.spec.completeness.requirements ?? [])
    if (!met) say(`NOT MET: ${quote(require)}: nothing that was learned is that`);
  for (const { code, message } of lintModel(model))
    if (DID_NOTHING.has(code)) say(`NOT READY: ${message}`);
}

function summarize(result: LearnResult): void {
  const { model, rules, varying, exit, lost } = result;
  const failed = !("code" in exit) || exit.code !== 0;
  if (failed)
    say(
      `the command ${"code" in exit ? "ended with " : "was "}${exitText(exit)}: what it would have done else is not in the model`,
    );
  const outside = result.runs.reduce((sum, { outcome }) => sum + outcome.counts.violations, 0);
  if (outside > 0) {
    say(
      `a console sealed the model: ${plural(outside, "later behaviour")} not in it; galgo show ${model.metadata.name} forensics`,
    );
  }
  sayMissing(model);
  sayFound(rules, varying);
  if (rules.length > 0 && result.runs.length > 1)
    say(`under these rules the runs brought ${result.brought.join(", ")} behaviours`);
  const loss = lost === 0 ? "none lost" : `${count(lost)} LOST`;
  say(
    `${plural(model.spec.points.length, "behaviour")} in ${plural(result.events, "event")} (${loss}), ` +
      `sealed in ${quote(result.output)}`,
  );
  say(`state ${model.spec.state}`);
}
