// SPDX-License-Identifier: Apache-2.0
// galgo model promote MODEL -o OUT: refuses until the last shadow runs were clean.
import { quote } from "../../base/quote.ts";
import {
  type JudgedRun,
  type Judgement,
  judgeModel,
  stateRoot,
  writePromoted,
} from "../../orchestrator/inspect/index.ts";
import { EXIT_DIFFERENT, EXIT_OK } from "../exit-status.ts";
import {
  count,
  outJson,
  outLine,
  outPainter,
  type Painter,
  plural,
  say,
  sayError,
  table,
} from "../render.ts";

interface PromoteOptions {
  readonly output: string;
  readonly runs: number;
  readonly name?: string;
  readonly json?: boolean;
}

/** Exit status 0: promoted; 1: not yet. */
export async function modelPromote(file: string, options: PromoteOptions): Promise<void> {
  const { output, runs, name, json } = options;
  const judgement = judgeModel({
    file,
    runs,
    stateRoot: stateRoot(process.env, process.getuid?.() ?? -1),
    ...(name === undefined ? {} : { name }),
  });
  const ready = judgement.promotion !== undefined;
  if (ready) writePromoted(judgement, { file, output });
  if (json === true) outJson(jsonOf(judgement, ready ? output : null));
  else if (judgement.runs.length > 0) outLine(runsText(judgement.runs, outPainter()));
  if (ready) tellPromoted(judgement, output);
  else tellRefused(judgement, file);
  process.exitCode = ready ? EXIT_OK : EXIT_DIFFERENT;
}

function runsText(runs: readonly JudgedRun[], paint: Painter): string {
  const rows = runs.map(({ runId, verdict, reasons, events, behaviours }) => [
    runId,
    verdict === "clean"
      ? paint.green("clean")
      : verdict === "other"
        ? paint.dim("not counted")
        : paint.red("not clean"),
    verdict === "clean"
      ? `${plural(events, "event")}, ${plural(behaviours, "behaviour")} of the model`
      : reasons.join("; "),
  ]);
  return table(rows);
}

function tellPromoted({ promotion, model }: Judgement, output: string): void {
  if (promotion === undefined) return;
  const { runs, events, behaviours } = promotion;
  say(
    `promoted: ${plural(runs, "clean shadow run")}, ${plural(events, "event")}, ` +
      `${count(behaviours)} of ${plural(model.spec.points.length, "behaviour")} met; written to ${quote(output)}`,
  );
}

function tellRefused({ reasons, name, runs }: Judgement, file: string): void {
  sayError(`not promoted: ${reasons.join("; ")}`);
  const dirty = runs.findLast(({ verdict }) => verdict === "not clean");
  if (dirty !== undefined) say(`what it was: galgo why ${name} --run ${dirty.runId}`);
  say(`a shadow run: galgo run --detect -m ${quote(file)} --name ${name} -- COMMAND`);
}

function jsonOf(judgement: Judgement, written: string | null): unknown {
  const { digest, name, runs, reasons, promotion } = judgement;
  return {
    promoted: written !== null,
    written,
    model: digest,
    name,
    runs,
    reasons,
    evidence: promotion ?? null,
  };
}
