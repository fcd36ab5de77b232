// SPDX-License-Identifier: Apache-2.0
// galgo why NAME --sequences: what was strange in the order of a run's events, and what was expected instead.
import { quote } from "../../base/quote.ts";
import { findTarget, RecordFileError, stateRoot } from "../../orchestrator/inspect/index.ts";
import {
  type JudgedRun,
  judgeRun,
  type StrangeStream,
  surpriseLines,
  type WordsOf,
  wordsBeside,
} from "../../orchestrator/sequences/index.ts";
import { count, outJson, outLine, outPainter, plural } from "../render.ts";
import { driftWords } from "../run-text.ts";
import { whySource } from "../why-source.ts";

interface WhySequencesOptions {
  readonly run?: string;
  readonly model?: string;
  readonly json?: boolean;
}

/** Strange streams that are shown; JSON has all. */
const MAX_SHOWN = 5;
/** Surprising events of each that are shown. */
const MAX_EVENTS = 2;

export function whySequences(text: string, options: WhySequencesOptions): void {
  const target = findTarget(text, stateRoot(process.env, process.getuid?.() ?? -1), options.run);
  if (target.kind !== "run")
    throw new RecordFileError("NO_FILE", `${quote(text)} is no run; give the name of one`);
  const source = whySource(target, options.model);
  if (!("model" in source))
    throw new RecordFileError("NO_FILE", "no model is known for this run; name one with -m MODEL");
  const judged = judgeRun(target.run.sequence, source.model);
  const wordsOf = wordsBeside(source.model, source.modelFile);
  if (options.json === true) outJson(jsonOf(judged, wordsOf));
  else print(judged, wordsOf);
}

function jsonOf(judged: JudgedRun, wordsOf: WordsOf) {
  const strange = judged.strange.map((one) => ({
    ...one,
    words: one.surprises.map((surprise) => surpriseLines(surprise, wordsOf)),
  }));
  return { ...judged, strange };
}

function print(
  { events, streams, alarmsPerDay, strange, drift }: JudgedRun,
  wordsOf: WordsOf,
): void {
  const paint = outPainter();
  const found =
    strange.length === 0
      ? paint.green("nothing strange")
      : paint.bold(plural(strange.length, "strange sequence"));
  outLine(`${found} in ${plural(events, "event")} of ${plural(streams, "program")} that ran`);
  outLine(paint.dim(`  thresholds for ${alarmsPerDay} false alarms a day`));
  for (const one of strange.slice(0, MAX_SHOWN)) {
    outLine("");
    outLine(paint.bold(headline(one)));
    for (const surprise of one.surprises.slice(0, MAX_EVENTS))
      for (const line of surpriseLines(surprise, wordsOf)) outLine(`  ${line}`);
  }
  if (strange.length > MAX_SHOWN)
    outLine(`and ${count(strange.length - MAX_SHOWN)} more; --json shows all`);
  for (const words of driftWords(drift)) outLine(`${paint.yellow("note:")} ${words}`);
}

function headline({ of, pid, what, level, threshold }: StrangeStream): string {
  const who = of === "process" ? `process ${pid}` : "the workload as a whole";
  const [reached, limit] = [level.toFixed(1), threshold.toFixed(1)];
  return what.kind === "window"
    ? `${who}, at event ${count(what.event)}: the events before it surprise by ${reached} nats each, at most ${limit} are normal`
    : `${who}, all ${plural(what.events, "event")}: even the most normal of them surprise by ${reached} nats each more than their kinds let expect, at most ${limit} are normal`;
}
