// SPDX-License-Identifier: Apache-2.0
// What a model allows, by the records that were kept beside it. A model holds coefficients and discloses nothing; every record
// is held against it, and what has no record is said.
import { existsSync } from "node:fs";
import { quote } from "../../base/quote.ts";
import type { SecurityEvent } from "../../event/index.ts";
import {
  applyPseudonyms,
  createMapper,
  createProfile,
  expectedEvents,
  namePrograms,
} from "../../model/index.ts";
import type { WorkloadModel } from "../../model/index.ts";
import { nodeHasher } from "../../tma/index.ts";
import { ModelUseError } from "../errors.ts";
import { recordsFileOf } from "../models/learn-files.ts";
import { loadModelRecords, type ModelRecords } from "../models/model-records.ts";

/** A behaviour that a model allows, as it was recorded and as the rules of the model leave it. Several may have one coefficient. */
export interface Behaviour {
  readonly coefficient: string;
  readonly event: SecurityEvent;
  readonly mapped: SecurityEvent;
}

/** What is known of a model's behaviours. */
export interface Disclosed {
  readonly behaviours: readonly Behaviour[];
  /** Points of the model that no record explains. */
  readonly untold: readonly string[];
  /** Records that the model does not allow; nothing is made of them. */
  readonly foreign: number;
}

/**
 * Reads the records beside a model file.
 * @throws ModelUseError NO_RECORDS: there are none, RecordFileError
 */
export function disclose(model: WorkloadModel, modelFile: string): Disclosed {
  const file = recordsFileOf(modelFile);
  if (!existsSync(file)) {
    throw new ModelUseError(
      "NO_RECORDS",
      `${quote(file)} is not there: a model alone does not say what it allows, so nothing can be made of it; learn again, or put the records beside it`,
    );
  }
  const points = new Set(model.spec.points);
  const told = new Set<string>();
  const behaviours: Behaviour[] = [];
  let foreign = 0;
  for (const behaviour of recordedBehaviours(model, loadModelRecords(file, model))) {
    if (points.has(behaviour.coefficient)) {
      told.add(behaviour.coefficient);
      behaviours.push(behaviour);
    } else foreign += 1;
  }
  return { behaviours, untold: model.spec.points.filter((point) => !told.has(point)), foreign };
}

/** Every recorded event, and what the rules of the model expect besides, under these rules. */
export function* recordedBehaviours(
  { spec }: WorkloadModel,
  { events, actors }: Pick<ModelRecords, "events" | "actors">,
): Generator<Behaviour> {
  const mapper = createMapper(nodeHasher(spec.digest), spec.mapping);
  const profile = createProfile(spec.profile, mapper);
  namePrograms(actors.all(), { mapper, profile });
  const pseudonyms = new Set(spec.pseudonyms);
  const expected = expectedEvents(events, spec.profile, mapper.emptyDigest);
  for (const event of [...events, ...expected]) {
    const mapped = profile.rewrite(event);
    const coefficient = mapper.coefficient(applyPseudonyms(mapped, pseudonyms, mapper));
    yield { coefficient, event, mapped };
  }
}
