// SPDX-License-Identifier: Apache-2.0
// galgo model lint: what makes a model weak, and whether it is ready to be enforced.
import { quote } from "../../base/quote.ts";
import {
  chanceOfNew,
  expectedInNextRun,
  LINT_CODES,
  neverSeen,
  readiness,
} from "../../model/index.ts";
import type { LintCode, WorkloadModel } from "../../model/index.ts";
import { lintModelFile, ModelUseError } from "../../orchestrator/inspect/index.ts";
import { EXIT_DIFFERENT, EXIT_OK } from "../exit-status.ts";
import { provenanceRows } from "../model-text.ts";
import { outJson, outLine, outPainter } from "../render.ts";

interface LintOptions {
  readonly require?: readonly string[];
  readonly allow?: readonly string[];
  readonly strict?: boolean;
  readonly json?: boolean;
}

/** Exit status 0: ready; 1: not. */
export async function modelLint(file: string, options: LintOptions): Promise<void> {
  const allow = (options.allow ?? []).map(codeOf);
  const { model, findings, requirements } = lintModelFile(file, options.require);
  const { verdict, reasons, remarks } = readiness(findings, {
    allow,
    strict: options.strict === true,
  });
  if (options.json === true) {
    const { amended = null, promoted = null } = model.spec;
    const estimates = estimatesOf(model);
    outJson({ verdict, reasons, remarks, requirements, estimates, amended, promoted });
  } else {
    const paint = outPainter();
    const ready = verdict === "ready";
    outLine((ready ? paint.green : paint.red)(verdict));
    for (const { code, message } of reasons) outLine(`  ${paint.red(code)}: ${message}`);
    for (const { code, message } of remarks)
      outLine(`  ${paint.yellow(`note ${code}`)}: ${message}`);
    for (const [what, text] of provenanceRows(model.spec)) outLine(`  ${what}: ${text}`);
  }
  process.exitCode = verdict === "ready" ? EXIT_OK : EXIT_DIFFERENT;
}

function codeOf(text: string): LintCode {
  const code = LINT_CODES.find((known) => known === text);
  if (code !== undefined) return code;
  const problem = `there is no finding ${quote(text)} to allow; there are ${LINT_CODES.join(", ")}`;
  throw new ModelUseError("BAD_OPTION", problem);
}

/** Integers as in the model: millionths, and thousandths of a behaviour. */
function estimatesOf({ spec: { completeness } }: WorkloadModel): Readonly<Record<string, unknown>> {
  const { unseen, runs } = completeness;
  if (unseen === undefined) return {};
  return {
    chanceOfNewMillionths: chanceOfNew(unseen),
    expectedInNextRunThousandths: expectedInNextRun(unseen, runs),
    neverSeenThousandths: neverSeen(unseen, runs),
  };
}
