// SPDX-License-Identifier: Apache-2.0
// Limits of the store of models.

/** Bytes of a signed model: as many as hosts read. */
export const MAX_MODEL_BYTES: number = 64 * 1024 * 1024;
export const MAX_MODELS_OF_NAME = 1_000;
export const MAX_MODEL_KEYS = 64;
/** Behaviours that are approved at a time. */
export const MAX_APPROVED = 1_000;
/** Models whose text is kept in memory for hosts that fetch them. */
export const MAX_HELD_MODELS = 4;
/** Behaviours that a difference names. */
export const MAX_DIFFERENCES = 2_000;
export const MAX_REASON_CHARS = 1_000;
