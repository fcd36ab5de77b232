// SPDX-License-Identifier: Apache-2.0
// galgo model show | diff | merge | lint | seal.
import { quote } from "../../base/quote.ts";
import { describeEvent } from "../../event/index.ts";
import { describeDifferences, describeRule, diffModels, lintModel } from "../../model/index.ts";
import type { ModelDiff } from "../../model/index.ts";
import {
  loadModel,
  mergeModelFiles,
  nameBehaviours,
  sealModelFile,
} from "../../orchestrator/inspect/index.ts";
import type { NamedBehaviour } from "../../orchestrator/inspect/index.ts";
import { EXIT_DIFFERENT, EXIT_OK } from "../exit-status.ts";
import { printModel } from "../model-text.ts";
import { count, outJson, outLine, outPainter, plural, say } from "../render.ts";
import { chainText } from "../violation-text.ts";

interface JsonOption {
  readonly json?: boolean;
}

export async function modelShow(file: string, options: JsonOption): Promise<void> {
  const model = loadModel(file);
  if (options.json === true) outJson(model);
  else printModel(model);
}

type Names = ReadonlyMap<string, NamedBehaviour>;

/** Exit status 0: the same behaviours under the same terms; 1: not. */
export async function modelDiff(a: string, b: string, options: JsonOption): Promise<void> {
  const [inA, inB] = [loadModel(a), loadModel(b)];
  const diff = diffModels(inA, inB);
  const [namesA, namesB] = diff.same
    ? [new Map(), new Map()]
    : [nameBehaviours(inA, a), nameBehaviours(inB, b)];
  if (options.json === true) {
    const named = (points: readonly string[], names: Names) =>
      points.map((coefficient) => ({ coefficient, words: wordsOf(coefficient, names) }));
    outJson({
      ...diff,
      onlyInA: named(diff.onlyInA, namesA),
      onlyInB: named(diff.onlyInB, namesB),
    });
  } else {
    printDiff(diff, { names: namesA, sign: "-" }, { names: namesB, sign: "+" });
  }
  process.exitCode = diff.same ? EXIT_OK : EXIT_DIFFERENT;
}

interface Side {
  readonly names: Names;
  readonly sign: "-" | "+";
}

function printDiff(diff: ModelDiff, a: Side, b: Side): void {
  const paint = outPainter();
  for (const line of describeDifferences(diff)) outLine(`${paint.yellow("!")} ${line}`);
  for (const point of diff.onlyInA)
    outLine(paint.red(`${a.sign} ${wordsOf(point, a.names) ?? point}`));
  for (const point of diff.onlyInB)
    outLine(paint.green(`${b.sign} ${wordsOf(point, b.names) ?? point}`));
  if (diff.same) say(`the same: ${plural(diff.common, "behaviour")}`);
  else {
    say(
      `${plural(diff.common, "behaviour")} in both, ${count(diff.onlyInA.length)} only in the first, ` +
        `${count(diff.onlyInB.length)} only in the second`,
    );
  }
}

function wordsOf(coefficient: string, names: Names): string | undefined {
  const named = names.get(coefficient);
  if (named === undefined) return undefined;
  const { event, actors } = named;
  const chain = chainText(actors.chainOf(event.task).map(({ program }) => program));
  return `${chain} ${describeEvent(event, (taskId) => actors.programOf(taskId))}`;
}

export async function modelMerge(
  files: readonly string[],
  options: JsonOption & { readonly output: string; readonly name?: string },
): Promise<void> {
  const { output, name, json } = options;
  const result = mergeModelFiles({ files, output, ...(name === undefined ? {} : { name }) });
  const { model, learned, recordsFile } = result;
  if (json === true)
    outJson({
      model: output,
      records: recordsFile,
      runs: model.spec.completeness.runs,
      learnedAgain: learned !== undefined,
      rules: learned?.rules ?? [],
      state: model.spec.state,
      behaviours: model.spec.points.length,
    });
  for (const rule of learned?.rules ?? []) say(`rule added: ${describeRule(rule)}`);
  if (learned !== undefined) say(`learned from ${plural(learned.given.length, "run")}`);
  if (recordsFile === undefined)
    say("not all of them have their records: galgo why will not be able to name everything");
  say(
    `${plural(model.spec.points.length, "behaviour")} in ${quote(output)}, ${model.spec.sealed ? "sealed" : "not sealed"}`,
  );
}

/** Exit status 0: nothing found; 1: findings. */
export async function modelLint(file: string, options: JsonOption): Promise<void> {
  const model = loadModel(file);
  const findings = lintModel(model);
  if (options.json === true) outJson(findings);
  else for (const { level, code, message } of findings) outLine(`${level} ${code}: ${message}`);
  process.exitCode = findings.length === 0 ? EXIT_OK : EXIT_DIFFERENT;
}

export async function modelSeal(
  file: string,
  options: JsonOption & { readonly output?: string; readonly allowLoss?: boolean },
): Promise<void> {
  const { output, allowLoss, json } = options;
  const model = sealModelFile({
    file,
    allowLoss: allowLoss === true,
    ...(output === undefined ? {} : { output }),
  });
  if (json === true) outJson({ model: output ?? file, sealed: true, state: model.spec.state });
  say(`sealed: ${plural(model.spec.points.length, "behaviour")}, state ${model.spec.state}`);
}
