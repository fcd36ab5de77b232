// SPDX-License-Identifier: Apache-2.0
// galgo model amend MODEL NAME|FILE [N...]: adds exactly what violations showed.
import { quote } from "../../base/quote.ts";
import { ModelError, type OwnRule, parseRule } from "../../model/index.ts";
import {
  type AmendPlan,
  findTarget,
  ModelUseError,
  planAmendment,
  stateRoot,
  writeAmendment,
} from "../../orchestrator/inspect/index.ts";
import { diffLines, linesText } from "../diff-text.ts";
import { diffJson } from "../diff-json.ts";
import { count, outJson, outLine, outPainter, plural, say } from "../render.ts";

interface AmendOptions {
  readonly all?: boolean;
  readonly yes?: boolean;
  readonly output?: string;
  readonly run?: string;
  readonly otherModel?: boolean;
  readonly rule?: readonly string[];
  readonly json?: boolean;
}

export async function modelAmend(
  model: string,
  source: string,
  numbers: readonly number[],
  options: AmendOptions,
): Promise<void> {
  const plan = planAmendment({
    file: model,
    forensics: forensicsOf(source, options.run),
    numbers: chosen(numbers, options),
    otherModel: options.otherModel === true,
    rules: rulesOf(options.rule ?? []),
  });
  const output = options.output ?? (options.yes === true ? model : undefined);
  if (output !== undefined && plan.changed) writeAmendment(plan, output);
  if (options.json === true) outJson(jsonOf(plan, output));
  else if (plan.changed)
    outLine(linesText(diffLines(plan.comparison, options.all !== true), outPainter()));
  tell(plan, { model, source, output });
}

function forensicsOf(source: string, runId: string | undefined): string {
  const target = findTarget(source, stateRoot(process.env, process.getuid?.() ?? -1), runId);
  if (target.kind === "run") return target.run.forensics;
  if (target.kind !== "model") return target.file;
  throw new ModelUseError(
    "BAD_OPTION",
    `${quote(source)} is a model; after the model comes the name of a run, or its forensics.jsonl`,
  );
}

function rulesOf(texts: readonly string[]): readonly OwnRule[] {
  try {
    return texts.flatMap(parseRule);
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    throw new ModelUseError("BAD_OPTION", `--rule: ${error.message}`, { cause: error });
  }
}

function chosen(
  numbers: readonly number[],
  { all, rule = [] }: AmendOptions,
): readonly number[] | "all" {
  if (all === true && numbers.length > 0)
    throw new ModelUseError("BAD_OPTION", "either numbers of violations, or --all");
  if (all === true) return "all";
  if (numbers.length > 0 || rule.length > 0) return numbers;
  throw new ModelUseError(
    "BAD_OPTION",
    "which violations? Give their numbers, as galgo why tells them, or --all",
  );
}

interface Words {
  readonly model: string;
  readonly source: string;
  readonly output: string | undefined;
}

function tell(plan: AmendPlan, { model, source, output }: Words): void {
  const { taken, allowed, programs, missing, notices, before, after } = plan;
  for (const notice of notices) say(`note: ${notice}`);
  if (allowed.length > 0) say(`in the model already: ${violationWords(allowed)}`);
  if (!plan.changed) {
    say(`nothing to add to ${quote(model)}`);
    return;
  }
  for (const program of programs)
    say(
      `new to the model: the program ${quote(program)}, with the content that it had in that run`,
    );
  for (const { program, number } of missing)
    say(
      `${quote(program)} may not be started yet: that is violation ${number}; galgo why ${quote(source)} ${number}`,
    );
  if (taken.length > 0) say(`taken: ${violationWords(taken)}`);
  say(`${plural(before.spec.points.length, "behaviour")} -> ${count(after.spec.points.length)}`);
  say(`state ${before.spec.state}`);
  say(`   -> ${after.spec.state}`);
  if (output === undefined)
    say(`nothing was written: --yes changes ${quote(model)}, -o FILE writes another model`);
  else say(`written to ${quote(output)}`);
}

const MAX_LISTED = 12;

function violationWords(numbers: readonly number[]): string {
  const more = numbers.length > MAX_LISTED ? ", ..." : "";
  const listed = numbers.slice(0, MAX_LISTED).join(", ");
  return `${plural(numbers.length, "violation")} (${listed}${more})`;
}

function jsonOf(plan: AmendPlan, output: string | undefined): unknown {
  const { before, after, taken, allowed, total, programs, missing, notices, comparison } = plan;
  return {
    written: plan.changed ? (output ?? null) : null,
    violations: total,
    taken,
    allowed,
    programs,
    missing,
    stateBefore: before.spec.state,
    stateAfter: after.spec.state,
    amended: after.spec.amended ?? null,
    notices,
    diff: diffJson(comparison, { a: before, b: after }),
  };
}
