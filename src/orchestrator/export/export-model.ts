// SPDX-License-Identifier: Apache-2.0
// galgo model export: a model, with the records beside it, in the form of something else that enforces. Never silently weaker: what
// is lost comes along.
import { quote } from "../../base/quote.ts";
import type { WorkloadModel } from "../../model/index.ts";
import { thisMachine } from "../../sensor/seccomp/index.ts";
import { disclose } from "../disclosed/disclose.ts";
import { ModelUseError } from "../errors.ts";
import { loadModel } from "../models/model-use.ts";
import { writeModelText } from "../models/write-model.ts";
import { usedCalls } from "./calls.ts";
import { landlockExport, landlockLosses } from "./landlock.ts";
import { COMMON_LOSSES, type Loss, weaker, stricter } from "./losses.ts";
import { networkOf } from "./network.ts";
import { OCI_LOSSES, ociSeccomp } from "./oci-seccomp.ts";
import { rightsOf } from "./rights.ts";
import { systemdExport } from "./systemd.ts";

/** The forms that there are. */
export const EXPORT_FORMS = ["oci-seccomp", "systemd", "landlock"] as const;

export type ExportForm = (typeof EXPORT_FORMS)[number];

export interface ExportRequest {
  readonly file: string;
  readonly to: ExportForm;
  /** `-`: stdout; undefined: nothing is written. */
  readonly output?: string;
  /** Although behaviours of the model have no record. */
  readonly allowLoss: boolean;
}

export interface ExportResult {
  readonly to: ExportForm;
  readonly text: string;
  readonly losses: readonly Loss[];
  /** Behaviours that went into it, of how many. */
  readonly told: number;
  readonly behaviours: number;
  /** Records that are not in the model and were left out. */
  readonly foreign: number;
}

/** @throws ModelUseError NO_MODEL, BAD_MODEL, NOT_SEALED, NO_RECORDS, LOSSY; StateError NOT_WRITABLE */
export function exportModel({ file, to, output, allowLoss }: ExportRequest): ExportResult {
  const model = loadModel(file);
  if (!model.spec.sealed)
    throw new ModelUseError(
      "NOT_SEALED",
      `model ${quote(file)} is not sealed, so it may still grow; galgo model seal ${quote(file)}`,
    );
  const disclosed = disclose(model, file);
  const { untold, foreign } = disclosed;
  const points = model.spec.points.length;
  if (untold.length > 0 && !allowLoss) {
    throw new ModelUseError(
      "LOSSY",
      `${untold.length} of the ${points} behaviours of ${quote(file)} have no record beside it, so they would be refused although the model allows them; learn again, or say --allow-loss`,
    );
  }
  const made = formOf(to, model, disclosed.behaviours);
  const losses = [...untoldLoss(untold.length, points), ...made.losses];
  if (output !== undefined) writeModelText(output, made.text);
  return {
    to,
    text: made.text,
    losses,
    told: points - untold.length,
    behaviours: points,
    foreign,
  };
}

function untoldLoss(untold: number, points: number): Loss[] {
  if (untold === 0) return [];
  return [stricter(`${untold} of ${points} behaviours have no record and are left out`)];
}

interface Form {
  readonly text: string;
  readonly losses: readonly Loss[];
}

function formOf(
  to: ExportForm,
  model: WorkloadModel,
  behaviours: ReturnType<typeof disclose>["behaviours"],
): Form {
  const { profile, state, fidelity } = model.spec;
  const { name } = model.metadata;
  const other: Loss[] =
    fidelity.sensor === "seccomp"
      ? []
      : [
          weaker(
            `the model was learned with the sensor ${fidelity.sensor}, which sees no system calls without a hook`,
          ),
        ];
  const common = [...COMMON_LOSSES, ...other];
  const calls = usedCalls(behaviours, profile.rules);
  if (to === "oci-seccomp") {
    return { text: json(ociSeccomp(calls, thisMachine())), losses: [...common, ...OCI_LOSSES] };
  }
  const parts = {
    name,
    model: state,
    behaviours,
    rights: rightsOf(behaviours),
    network: networkOf(behaviours, profile.rules),
  };
  if (to === "landlock") {
    const losses = [...common, ...landlockLosses(parts)];
    return { text: json({ ...landlockExport(parts), losses }), losses };
  }
  const seesCapabilities = fidelity.sees.includes("capable");
  return systemdExport({ ...parts, rules: profile.rules, calls, seesCapabilities }, common);
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
