// SPDX-License-Identifier: Apache-2.0
// Recorded events under the rules of a model.
import type { SecurityEvent } from "../../event/index.ts";
import { carriedOver, createMapper, createProfile, ModelError } from "../../model/runtime/index.ts";
import type { DigestName, MappingName, ProfileSpec } from "../../model/runtime/index.ts";
import { nodeHasher } from "../../tma/index.ts";

/** What makes coefficients of events. */
export interface ModelRules {
  readonly mapping: MappingName;
  readonly digest: DigestName;
  readonly profile: ProfileSpec;
}

/**
 * Events with the TASK_IDs that they have under the rules, as far as identity records among them tell; else with those they were
 * recorded with. Only TASK_IDs change.
 */
export function underRules(
  events: readonly SecurityEvent[],
  { mapping, digest, profile }: ModelRules,
): readonly SecurityEvent[] {
  const mapper = createMapper(nodeHasher(digest), mapping);
  try {
    return carriedOver(events, { mapper, profile: createProfile(profile, mapper) });
  } catch (error) {
    if (error instanceof ModelError) return events;
    throw error;
  }
}
