// SPDX-License-Identifier: Apache-2.0
// The names of the mappings: the one list that everything that lets a person choose one is made from.

/** A model is made with one mapping and never mixed. */
export const MAPPING_NAMES = ["tsem-v4", "quixote-2025", "quixote-2024"] as const;

export type MappingName = (typeof MAPPING_NAMES)[number];
