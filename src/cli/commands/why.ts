// SPDX-License-Identifier: Apache-2.0
// galgo why NAME|FILE [N]: explains a violation.
import { quote } from "../../base/quote.ts";
import { describeEvent } from "../../event/index.ts";
import {
  RecordFileError,
  explainViolation,
  findTarget,
  plainDifference,
  ruleOption,
  stateRoot,
} from "../../orchestrator/inspect/index.ts";
import type { Explanation } from "../../orchestrator/inspect/index.ts";
import { outJson, outLine, outPainter, say } from "../render.ts";
import { nearPath, whySource } from "../why-source.ts";
import { explanationText, othersText, programNames } from "../why-text.ts";

interface WhyOptions {
  readonly run?: string;
  readonly model?: string;
  readonly json?: boolean;
}

export async function why(text: string, number: number, options: WhyOptions): Promise<void> {
  const target = findTarget(text, stateRoot(process.env, process.getuid?.() ?? -1), options.run);
  if (target.kind === "model") {
    throw new RecordFileError(
      "NO_FILE",
      `${quote(text)} is a model; give the name of a run or its forensics.jsonl`,
    );
  }
  const source = whySource(target, options.model);
  const explanation = explainViolation({ ...source, number });
  const name = target.kind === "run" ? target.run.name : text;
  if (options.json === true) {
    outJson(jsonOf(explanation));
    return;
  }
  const model = "modelFile" in source ? nearPath(source.modelFile) : undefined;
  outLine(explanationText(explanation, { name, model, runId: options.run }, outPainter()));
  const others = othersText(explanation, name);
  if (others !== undefined) say(others);
}

function jsonOf(explanation: Explanation): unknown {
  const { number, total, event, mark, chain, actor, nearest, actors, notices } = explanation;
  const { advice, cascade } = explanation;
  const names = programNames(actors);
  return {
    number,
    total,
    mark,
    words: describeEvent(event, names),
    chain,
    actor,
    cascade,
    event,
    nearest: nearest.map((near) => ({
      words: describeEvent(near.event, names),
      chain: actors.chainOf(near.event.task),
      tests: near.tests,
      distance: near.distance,
      differs: near.differs,
      plain: near.differs.map((difference) => plainDifference(difference, actors)),
    })),
    advice: advice.map((one) => {
      const option = one.rule === undefined ? undefined : ruleOption(one.rule);
      return option === undefined ? one : { ...one, option: `--rule ${option}` };
    }),
    notices,
  };
}
