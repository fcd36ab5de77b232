// SPDX-License-Identifier: Apache-2.0
// galgo report NAME|FILE -o FILE.html: one page that shows a run or a model.
import { readFileSync } from "node:fs";
import { quote } from "../../base/quote.ts";
import {
  ReportError,
  collectReport,
  reportPage,
  stateRoot,
  writeReportPage,
} from "../../orchestrator/inspect/index.ts";
import { out, outJson, plural, say } from "../render.ts";
import { packageVersion } from "../version.ts";

export interface ReportOptions {
  readonly output: string;
  readonly model?: string;
  readonly against?: string;
  readonly run?: string;
  readonly json?: boolean;
}

export async function report(target: string, options: ReportOptions): Promise<void> {
  const { output, model, against, run, json } = options;
  const data = collectReport({
    target,
    stateRoot: stateRoot(process.env, process.getuid?.() ?? -1),
    ...(run === undefined ? {} : { runId: run }),
    ...(model === undefined ? {} : { modelFile: model }),
    ...(against === undefined ? {} : { against }),
    now: new Date(),
    version: packageVersion(),
  });
  const page = reportPage(template(), data);
  if (output === "-") out(page);
  else writeReportPage(output, page);
  const { behaviours, violations, processes, notices } = data;
  const counts = {
    behaviours: behaviours.rows.length,
    violations: violations.list.length,
    processes: processes.rows.length,
  };
  if (json === true && output !== "-")
    outJson({ report: output, bytes: Buffer.byteLength(page), ...counts, notices });
  for (const notice of notices) say(notice);
  const where = output === "-" ? "stdout" : quote(output);
  say(
    `${where}: ${plural(counts.behaviours, "behaviour")}, ${plural(counts.violations, "violation")}`,
  );
}

/** The page without data, as the build made it. @throws ReportError BAD_TEMPLATE */
function template(): string {
  const file = new URL("../../../dist/web/report.html", import.meta.url);
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new ReportError(
      "BAD_TEMPLATE",
      `the page of the report is missing from this Galgo (${quote(file.pathname)}: ${code}); build or install it again`,
      { cause },
    );
  }
}
