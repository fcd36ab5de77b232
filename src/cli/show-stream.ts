// SPDX-License-Identifier: Apache-2.0
// galgo show FILE WHAT of a recorded stream: replayed by the rules that it was recorded with, nothing rewritten, nothing left behind.
import { quote } from "../base/quote.ts";
import { describeEvent, writeRecord } from "../event/index.ts";
import type { DigestName, MappingName } from "../model/index.ts";
import { StateError } from "../orchestrator/inspect/index.ts";
import { freeRules, MAX_REPORTED, replayStream } from "../orchestrator/replay/index.ts";
import type { ReplayEnd, ReplayWatcher } from "../orchestrator/replay/index.ts";
import { out, outJson, outLine, plural, sayError } from "./render.ts";
import type { ShowSubject } from "./subjects.ts";
import { chainText } from "./violation-text.ts";

interface StreamOptions {
  readonly mapping?: MappingName;
  readonly digest?: DigestName;
  readonly json?: boolean;
}

export async function showStream(
  file: string,
  subject: ShowSubject,
  options: StreamOptions,
): Promise<void> {
  if (subject === "model" || subject === "run") throw noRun(file, subject);
  const json = options.json === true;
  const listing = subject === "trajectory" || subject === "forensics";
  const end = await replay(file, options, listing ? printer(json) : {});
  if (subject === "state" || subject === "measurement") printValue(subject, end[subject], json);
  else if (!listing) printPoints(subject, end, json);
  if (end.lost > 0) sayError(`${plural(end.lost, "record")} of ${quote(file)} could not be used`);
}

function replay(file: string, options: StreamOptions, watcher: ReplayWatcher): Promise<ReplayEnd> {
  const { mapping, digest } = options;
  const nothing = { profile: undefined, aggregate: undefined, base: undefined };
  const request = {
    file,
    spec: freeRules({ mapping, digest, ...nothing }),
    allowLoss: false,
    lookOnly: true,
    stateRoot: "",
    cwd: "",
  };
  return replayStream(request, {
    ...watcher,
    onLost: ({ line, problem }, number) => {
      if (number <= MAX_REPORTED) sayError(`${quote(file)}: line ${line}: ${problem}`);
    },
  });
}

function printValue(subject: string, value: string, json: boolean): void {
  if (json) outJson({ [subject]: value });
  else outLine(value);
}

function printPoints(subject: "coefficients" | "counts", end: ReplayEnd, json: boolean): void {
  const lines = end.points.map((point) =>
    subject === "counts" ? String(point.count) : point.coefficient,
  );
  if (!json) out(lines.map((line) => `${line}\n`).join(""));
  else outJson(subject === "counts" ? end.points : lines);
}

/** Each behaviour once, in words or as a record of Galgo's. */
function printer(json: boolean): ReplayWatcher {
  let open = true;
  return {
    onBehaviour: (event, chain) => {
      if (!open) return;
      open = json
        ? out(`${writeRecord(event)}\n`)
        : outLine(`${chainText(chain)} ${describeEvent(event)}`);
    },
    onCoefficient: () => open,
  };
}

function noRun(file: string, subject: string): StateError {
  return new StateError(
    "NO_SUCH_RUN",
    `${quote(file)} is a recorded stream: it has no ${subject}; galgo replay ${quote(file)} --name NAME makes a run of it`,
  );
}
