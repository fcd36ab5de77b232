// SPDX-License-Identifier: Apache-2.0
// galgo model diff: what a workload does more, less and otherwise by another model.
import { quote } from "../../base/quote.ts";
import { type ModelComparison, sarifOf } from "../../model/diff/index.ts";
import type { WorkloadModel } from "../../model/index.ts";
import { compareModelFiles, linesOfModel, uriOf } from "../../orchestrator/inspect/index.ts";
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
  if (options.json === true) outJson(jsonOf(comparison, models));
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

/** The stable form: docs/diff-and-amend.md lists its members. */
function jsonOf(
  comparison: ModelComparison,
  { a, b }: { readonly a: WorkloadModel; readonly b: WorkloadModel },
): unknown {
  const { same, common, behaviours, rules, terms, learning } = comparison;
  const side = ({ metadata, spec }: WorkloadModel) => ({
    name: metadata.name,
    behaviours: spec.points.length,
    state: spec.state,
  });
  const plain = <T extends { readonly example: unknown }>({ example: _, ...change }: T) => change;
  return {
    same,
    a: side(a),
    b: side(b),
    common,
    programs: behaviours.programs.map(({ added, removed, altered, ...program }) => ({
      ...program,
      added: added.map(plain),
      removed: removed.map(plain),
      changed: altered.map(plain),
    })),
    contents: behaviours.contents,
    sameButContents: behaviours.sameButContents,
    unnamed: behaviours.unnamed,
    rules,
    terms,
    learning,
  };
}
