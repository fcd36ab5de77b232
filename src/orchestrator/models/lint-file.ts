// SPDX-License-Identifier: Apache-2.0
// Looks a model file over: by what the model says of itself, and, where more is asked, by the records beside it.
import { quote } from "../../base/quote.ts";
import { checkRequirements, lintModel, ModelError } from "../../model/index.ts";
import type { CompletenessDetails, LintFinding, WorkloadModel } from "../../model/index.ts";
import { ModelUseError } from "../errors.ts";
import { recordsFileOf } from "./learn-files.ts";
import { runsBehind } from "./model-runs.ts";
import { loadModel } from "./model-use.ts";

type Requirements = NonNullable<CompletenessDetails["requirements"]>;

export interface FileFindings {
  readonly model: WorkloadModel;
  readonly findings: readonly LintFinding[];
  /** What the model says it was asked for, and what was asked for now. */
  readonly requirements: Requirements;
}

/**
 * @param required must-have behaviours beyond those of the model, looked for in its records
 * @throws ModelUseError NO_MODEL, BAD_MODEL; BAD_OPTION when a requirement is wrong, or there are no records to look into; RecordFileError
 */
export function lintModelFile(file: string, required: readonly string[] = []): FileFindings {
  const model = loadModel(file);
  const requirements = required.length === 0 ? [] : lookedFor(model, file, required);
  return {
    model,
    findings: lintModel(model, { requirements }),
    requirements: [...(model.spec.completeness.requirements ?? []), ...requirements],
  };
}

function lookedFor(model: WorkloadModel, file: string, required: readonly string[]): Requirements {
  try {
    // what is written wrong is said first
    checkRequirements(required, []);
    const runs = runsBehind(model, recordsFileOf(file));
    if (runs !== undefined) return checkRequirements(required, runs);
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    throw new ModelUseError("BAD_OPTION", error.message, { cause: error });
  }
  throw new ModelUseError(
    "BAD_OPTION",
    `whether the model meets --require can only be seen in its records, and ${quote(recordsFileOf(file))} is missing or of another model; ` +
      "learn again, with --require",
  );
}
