// SPDX-License-Identifier: Apache-2.0
// galgo model diff: what a workload does more, less and otherwise by another model.
import { quote } from "../../base/quote.ts";
import { type ModelComparison, sarifOf } from "../../model/diff/index.ts";
import { compareModelFiles, linesOfModel, uriOf } from "../../orchestrator/inspect/index.ts";
import { diffJson } from "../diff-json.ts";
import { diffLines, linesMarkdown, linesText, summaryText } from "../diff-text.ts";
import { EXIT_DIFFERENT, EXIT_OK } from "../exit-status.ts";
import { outJson, outLine, outPainter, say } from "../render.ts";
import { packageVersion } from "../version.ts";

interface DiffOptions {
  readonly json?: boolean;
  readonly sarif?: boolean;
  readonly markdown?: boolean;
  readonly all?: boolean;
}

/** Exit status 0: the same behaviours under the same terms; 1: not. */
export async function modelDiff(a: string, b: string, options: DiffOptions): Promise<void> {
  const { comparison, notices, ...models } = compareModelFiles(a, b);
  for (const notice of notices) say(notice);
  if (options.json === true) outJson(diffJson(comparison, models));
  else if (options.sarif === true) {
    outJson(
      sarifOf(comparison, {
        version: packageVersion(),
        a: models.a.metadata.name,
        b: models.b.metadata.name,
        uri: uriOf(b, process.cwd()),
        lineOf: linesOfModel(b),
      }),
    );
  } else if (options.markdown === true)
    outLine(markdownOf(comparison, [a, b], options.all === true));
  else {
    const lines = diffLines(comparison, options.all === true);
    if (lines.length > 0) outLine(linesText(lines, outPainter()));
    say(summaryText(comparison));
  }
  process.exitCode = comparison.same ? EXIT_OK : EXIT_DIFFERENT;
}

function markdownOf(
  comparison: ModelComparison,
  [a, b]: readonly [string, string],
  all: boolean,
): string {
  const name = (file: string): string => `\`${quote(file).replaceAll("`", "'")}\``;
  const title = `## What the workload does: ${name(a)} -> ${name(b)}`;
  const lines = linesMarkdown(diffLines(comparison, all));
  return [title, "", summaryText(comparison), ...(lines === "" ? [] : [lines])].join("\n");
}
