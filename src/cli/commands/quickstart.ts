// SPDX-License-Identifier: Apache-2.0
// galgo quickstart: learns a small workload, enforces it, shows three refusals and why.
import { describeEvent } from "../../event/index.ts";
import { playQuickstart } from "../../orchestrator/index.ts";
import type { Attempt, Quickstart, RunResult } from "../../orchestrator/index.ts";
import { EXIT_DIFFERENT, EXIT_OK } from "../exit-status.ts";
import { microseconds, outJson, outLine, outPainter, plural, say } from "../render.ts";
import type { Painter } from "../render.ts";
import { chainText, heldText } from "../violation-text.ts";
import { plainDifference } from "../../orchestrator/inspect/index.ts";
import { programNames } from "../why-text.ts";

/** Exit status 0 when each of the three was refused and had no effect, else 1. */
export async function quickstart(options: { readonly json?: boolean }): Promise<void> {
  const json = options.json === true;
  const paint = outPainter();
  const started = performance.now();
  if (!json) outLine(paint.bold("Galgo quickstart: learn, enforce, refuse"));
  const story = await playQuickstart(process.env, json ? { onNotice: say } : teller(paint));
  const good = isGood(story);
  if (json) outJson(jsonOf(story, good));
  else conclude(story, good, { seconds: (performance.now() - started) / 1_000, paint });
  process.exitCode = good ? EXIT_OK : EXIT_DIFFERENT;
}

function isGood({ repeated, attempts }: Quickstart): boolean {
  return repeated.outcome.counts.violations === 0 && attempts.every(({ refused }) => refused);
}

function teller(paint: Painter) {
  let state = "";
  return {
    onNotice: say,
    onLearned: ({ shell, script, learned }: Pick<Quickstart, "shell" | "script" | "learned">) => {
      state = learned.model.spec.state;
      outLine("");
      outLine(`${paint.cyan("1 learn")}    ${shell} -c '${script}'`);
      outLine(
        `           ${plural(learned.model.spec.points.length, "behaviour")} in ${plural(learned.events, "event")}, ${learned.lost} lost; sealed`,
      );
      outLine(`           state ${paint.bold(short(state))}`);
    },
    onRepeated: ({ outcome }: RunResult) => {
      const { violations } = outcome.counts;
      const same = outcome.state === state ? "the same" : "another";
      outLine("");
      outLine(`${paint.cyan("2 enforce")}  the same again: ${plural(violations, "violation")}`);
      outLine(`           state ${paint.bold(short(outcome.state))}, ${same}`);
      outLine("");
      outLine(`${paint.cyan("3 try")}      what was not learned`);
    },
    onAttempt: (attempt: Attempt) => tellAttempt(attempt, paint),
  };
}

function tellAttempt(attempt: Attempt, paint: Painter): void {
  const { title, script, run, explanation, refused } = attempt;
  const verdict = refused ? paint.green("refused") : paint.red("NOT REFUSED");
  outLine("");
  outLine(`           ${verdict}  ${title}: ${paint.dim(script)}`);
  if (explanation === undefined) return;
  const { chain, event, mark, actors, nearest } = explanation;
  outLine(
    `             ${chainText(chain.map(({ program }) => program))} ${describeEvent(event, programNames(actors))}`,
  );
  const [closest] = nearest;
  if (closest !== undefined) {
    outLine(
      `             ${paint.dim("nearest allowed:")} ${describeEvent(closest.event, programNames(actors))}`,
    );
    const differs = closest.differs.map((difference) => plainDifference(difference, actors));
    // for people a path says more than the digests that come with it
    const first = differs.find(({ field }) => field === "path") ?? differs[0];
    if (first !== undefined)
      outLine(
        `             ${paint.dim("differs in")} ${first.field}: ${first.expected}, here ${first.got}`,
      );
  }
  outLine(`             ${heldText(mark.heldUs)}; state ${paint.bold(short(run.outcome.state))}`);
}

function conclude(
  story: Quickstart,
  good: boolean,
  { seconds, paint }: { seconds: number; paint: Painter },
): void {
  const { latency } = story.repeated.outcome;
  outLine("");
  outLine(
    `${paint.cyan("4 cost")}     ${plural(latency.count, "call")} held in step 2: median ${microseconds(latency.medianUs)}, ` +
      `p99 ${microseconds(latency.p99Us)}`,
  );
  outLine("");
  outLine(
    good
      ? paint.green(
          `All three were refused, nothing learned was. ${seconds.toFixed(1)} s, nothing left behind.`,
        )
      : paint.red("Not everything went as it should: galgo doctor shows what this machine can do."),
  );
  outLine(
    paint.dim(
      "Your turn:  galgo learn -o app.galgo.json -- YOUR COMMAND   then   galgo run -m app.galgo.json --enforce -- YOUR COMMAND",
    ),
  );
}

function short(state: string): string {
  return `${state.slice(0, 16)}...`;
}

function jsonOf(story: Quickstart, good: boolean): unknown {
  return {
    good,
    shell: story.shell,
    script: story.script,
    stateBefore: story.learned.model.spec.state,
    behaviours: story.learned.model.spec.points.length,
    events: story.learned.events,
    lost: story.learned.lost,
    repeated: story.repeated.outcome,
    attempts: story.attempts.map(({ title, script, refused, run, explanation }) => ({
      title,
      script,
      refused,
      stateAfter: run.outcome.state,
      words:
        explanation === undefined
          ? undefined
          : describeEvent(explanation.event, programNames(explanation.actors)),
      mark: explanation?.mark,
      latency: run.outcome.latency,
    })),
  };
}
