// SPDX-License-Identifier: Apache-2.0
// galgo replay FILE: models a recorded stream, or holds it against a sealed model.
import { quote } from "../../base/quote.ts";
import type { DigestName, MappingName } from "../../model/index.ts";
import { loadModel, RunError, stateRoot } from "../../orchestrator/inspect/index.ts";
import {
  freeRules,
  MAX_REPORTED,
  MAX_REPORTED_VIOLATIONS,
  type ReplayEnd,
  type ReplayRequest,
  replayStream,
  rulesOfModel,
} from "../../orchestrator/replay/index.ts";
import { EXIT_OK, EXIT_TROUBLE, EXIT_VIOLATED } from "../exit-status.ts";
import { LineWriter } from "../line-writer.ts";
import { ProgressLine } from "../progress-line.ts";
import { errPainter, outJson, outLine, plural, say, sayError } from "../render.ts";
import { replayJson, replayText } from "../replay-text.ts";
import { violationLine } from "../violation-text.ts";

interface ReplayOptions {
  readonly mapping?: MappingName;
  readonly digest?: DigestName;
  readonly profile?: "exact" | "portable";
  readonly aggregate?: string;
  readonly base?: string;
  readonly model?: string;
  readonly detect?: boolean;
  readonly output?: string;
  readonly name?: string;
  readonly allowLoss?: boolean;
  readonly coefficients?: boolean;
  readonly state?: boolean;
  readonly measurement?: boolean;
  readonly json?: boolean;
}

export async function replay(file: string, options: ReplayOptions): Promise<void> {
  const request = requestOf(file, options);
  const progress = new ProgressLine();
  const coefficients =
    options.coefficients === true ? new LineWriter(options.json === true) : undefined;
  let end: ReplayEnd;
  try {
    end = await replayStream(request, {
      ...(coefficients === undefined ? {} : { onCoefficient: (value) => coefficients.add(value) }),
      ...tellers(request, progress),
      ...(progress.wanted ? { onProgress: (at) => progress.show(at) } : {}),
    });
  } finally {
    progress.clear();
    // what was found before an error is told, too
    coefficients?.flush();
  }
  coefficients?.end();
  if (coefficients === undefined) print(end, request, options);
  summarize(end, request);
  process.exitCode = statusOf(end, request);
}

/** What the options ask for; contradictions are refused. */
function requestOf(file: string, options: ReplayOptions): ReplayRequest {
  const { model: modelFile, output, name } = options;
  const { mapping, digest, profile, aggregate, base } = options;
  const wanted = { mapping, digest, profile, aggregate, base };
  if (options.detect === true && modelFile === undefined)
    throw new RunError("BAD_OPTION", "--detect needs a model (-m MODEL)");
  if (modelFile !== undefined && output !== undefined) {
    throw new RunError(
      "BAD_OPTION",
      "-o writes what a stream does as a model; with -m it is only held against one",
    );
  }
  const model = modelFile === undefined ? undefined : loadModel(modelFile);
  return {
    file,
    spec:
      model === undefined || modelFile === undefined
        ? freeRules(wanted)
        : rulesOfModel(model, modelFile, wanted),
    ...(model === undefined ? {} : { model }),
    ...(modelFile === undefined ? {} : { modelFile }),
    ...(output === undefined ? {} : { output }),
    ...(name === undefined ? {} : { name }),
    allowLoss: options.allowLoss === true,
    stateRoot: stateRoot(process.env, process.getuid?.() ?? -1),
    cwd: process.cwd(),
  };
}

/** Words about single records, on stderr. */
function tellers({ file, name }: ReplayRequest, progress: ProgressLine) {
  const paint = errPainter();
  const source = file === "-" ? "stdin" : quote(file);
  const tell = (text: string): void => {
    progress.clear();
    sayError(text);
  };
  return {
    onLost: (
      { line, lines, problem }: { line: number; lines: number; problem: string },
      number: number,
    ) => {
      if (number > MAX_REPORTED) return;
      const where = lines === 1 ? `line ${line}` : `lines ${line} to ${line + lines - 1}`;
      tell(`${source}: ${where}: lost: ${problem}`);
      if (number === MAX_REPORTED) tell("later losses are only counted");
    },
    onViolation: (violation: Parameters<typeof violationLine>[0]) => {
      if (violation.number > MAX_REPORTED_VIOLATIONS) return;
      tell(violationLine(violation, name, paint));
      if (violation.number === MAX_REPORTED_VIOLATIONS) tell("later violations are only counted");
    },
  };
}

function print(end: ReplayEnd, request: ReplayRequest, options: ReplayOptions): void {
  const values = {
    ...(options.state === true ? { state: end.state } : {}),
    ...(options.measurement === true ? { measurement: end.measurement } : {}),
  };
  const asked = Object.values(values);
  if (options.json === true) outJson(asked.length === 0 ? replayJson(end, request) : values);
  else if (asked.length > 0) for (const value of asked) outLine(value);
  else outLine(replayText(end, request));
}

/** What a reader of the data has to know, on stderr. */
function summarize(end: ReplayEnd, request: ReplayRequest): void {
  if (end.stopped) return;
  for (const notice of end.notices) say(notice);
  if (end.lost > 0) {
    const kept = end.run === undefined ? "" : `; kept in ${quote(end.run.unreadable)}`;
    sayError(
      `${plural(end.lost, "record")} LOST: state and coefficients are those of the others${kept}`,
    );
  }
  if (end.violations > 0) {
    const hint = request.name === undefined ? "" : `; galgo why ${request.name}`;
    say(`${plural(end.violations, "violation")} of the model${hint}`);
  }
  if (end.written !== undefined && request.output !== undefined) {
    say(
      `${plural(end.written.spec.points.length, "behaviour")}, sealed in ${quote(request.output)}`,
    );
  }
}

/** A stream of which a part is unknown can not be said to keep to a model. */
function statusOf(end: ReplayEnd, request: ReplayRequest): number {
  if (end.violations > 0) return EXIT_VIOLATED;
  const unsure = request.model !== undefined && end.lost > 0 && !request.allowLoss;
  return unsure ? EXIT_TROUBLE : EXIT_OK;
}
