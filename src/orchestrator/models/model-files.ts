// SPDX-License-Identifier: Apache-2.0
// What is done with model files and the records beside them: naming behaviours, sealing.
import { existsSync } from "node:fs";
import { quote } from "../../base/quote.ts";
import type { SecurityEvent } from "../../event/index.ts";
import type { WorkloadModel } from "../../model/index.ts";
import type { Actors } from "../records/actors.ts";
import { recordedBehaviours } from "../disclosed/disclose.ts";
import { ModelUseError } from "../errors.ts";
import { recordsFileOf } from "./learn-files.ts";
import { loadModelRecords } from "./model-records.ts";
import { loadModel } from "./model-use.ts";
import { writeModel } from "./write-model.ts";

/** A behaviour behind a coefficient. */
export interface NamedBehaviour {
  readonly event: SecurityEvent;
  readonly actors: Actors;
}

/** The events behind the points of a model, as far as the records beside its file tell. */
export function nameBehaviours(model: WorkloadModel, file: string): Map<string, NamedBehaviour> {
  const named = new Map<string, NamedBehaviour>();
  const recordsFile = recordsFileOf(file);
  if (!existsSync(recordsFile)) return named;
  const { events, actors } = loadModelRecords(recordsFile, model);
  for (const { coefficient, event } of recordedBehaviours(model, { events, actors }))
    if (!named.has(coefficient)) named.set(coefficient, { event, actors });
  return named;
}

export interface SealRequest {
  readonly file: string;
  readonly output?: string;
  /** Seal although events were lost while learning. */
  readonly allowLoss: boolean;
}

/** @throws ModelUseError LOSSY, StateError NOT_WRITABLE */
export function sealModelFile({ file, output, allowLoss }: SealRequest): WorkloadModel {
  const model = loadModel(file);
  const { eventsLost } = model.spec.completeness;
  if (eventsLost > 0 && !allowLoss) {
    throw new ModelUseError(
      "LOSSY",
      `${quote(file)} was learned while ${eventsLost} events were lost, so it is incomplete; learn again, or say --allow-loss`,
    );
  }
  const sealed: WorkloadModel = { ...model, spec: { ...model.spec, sealed: true } };
  writeModel(output ?? file, sealed);
  return sealed;
}
