// SPDX-License-Identifier: Apache-2.0
// galgo export --features: windows of recorded runs as numbers, for models that are trained elsewhere.
import { closeSync, openSync, writeSync } from "node:fs";
import { quote } from "../../base/quote.ts";
import { type FeatureForm, featureLines, windowsOf } from "../../orchestrator/features/index.ts";
import {
  findTarget,
  listRuns,
  openRun,
  RecordFileError,
  type RunDirectory,
  stateRoot,
} from "../../orchestrator/inspect/index.ts";
import { plural, say } from "../render.ts";

interface ExportOptions {
  readonly features?: boolean;
  readonly format: FeatureForm;
  readonly output?: string;
  readonly run?: string;
  readonly all?: boolean;
}

/** Bytes that are handed to the kernel at a time. */
const PIECE = 64 * 1024;

export function exportRuns(names: readonly string[], options: ExportOptions): void {
  if (options.features !== true)
    throw new RecordFileError("NO_FILE", "say what is to be exported: --features");
  const root = stateRoot(process.env, process.getuid?.() ?? -1);
  const runs = names.flatMap((name) => runsOf(name, root, options));
  let windows = 0;
  const all = function* () {
    for (const run of runs)
      for (const window of windowsOf(run)) {
        windows += 1;
        yield window;
      }
  };
  const output = options.output ?? "-";
  writeLines(output, featureLines(all(), options.format));
  const where = output === "-" ? "" : ` in ${quote(output)}`;
  say(`${plural(windows, "window")} of ${plural(runs.length, "run")}${where}`);
}

function runsOf(name: string, root: string, { run, all }: ExportOptions): readonly RunDirectory[] {
  if (all === true && !name.includes("/"))
    return listRuns(root, name).map((id) => openRun(root, name, id));
  const target = findTarget(name, root, run);
  if (target.kind === "run") return [target.run];
  throw new RecordFileError(
    "NO_FILE",
    `${quote(name)} is no run; give the name of one, or its folder`,
  );
}

function writeLines(output: string, lines: Iterable<string>): void {
  const fd = output === "-" ? 1 : openSync(output, "w", 0o600);
  let waiting = "";
  const flush = (): void => {
    const bytes = Buffer.from(waiting);
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    waiting = "";
  };
  try {
    for (const line of lines) {
      waiting += `${line}\n`;
      if (waiting.length >= PIECE) flush();
    }
    flush();
  } finally {
    if (fd !== 1) closeSync(fd);
  }
}
