// SPDX-License-Identifier: Apache-2.0
// Limits and defaults of sequence models.

/** Length of the longest n-gram. */
export const MAX_ORDER = 8;
/** n-grams that a model holds. Where there are more, the rarest of the longest are left out (build.ts). One takes 32 bytes. */
export const MAX_GRAMS = 524_288;
/** Different events of one model. Where there are more, the rarest ones are all the same unknown event to it. */
export const MAX_SYMBOLS = 65_536;
/** Events that are learned from. */
export const MAX_TRAINING_EVENTS = 8_000_000;
/** Order of the model whose surprise is subtracted: so much surprise is in the events whatever their order. */
export const LOW_ORDER = 2;
/** Parts of cross-validation, where the traces do not come from several runs. */
export const FOLDS = 10;
/** Most surprising n-grams that one stream keeps. */
export const MAX_SURPRISES = 5;
/** What is named as expected instead of a surprising event. */
export const MAX_EXPECTED = 3;
/** Surprise is counted in whole 65536ths of a nat, so that sums are exact and the same everywhere. */
export const UNITS_PER_NAT = 65_536;
/** Events of one block: in each of them false alarms are as likely as in another. */
export const BLOCK_EVENTS = 512;
/** Characters of the trie in a model file. */
export const MAX_GRAMS_CHARS: number = 16 * 1024 * 1024;
/** The widest budget of false alarms that has a meaning: one a second. */
export const MAX_ALARMS_PER_DAY = 86_400;
