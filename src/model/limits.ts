// SPDX-License-Identifier: Apache-2.0
// Limits of a model file. A file beyond one of them is refused.

/** UTF-16 units of a model file: the most points with room for the rest. */
export const MAX_MODEL_CHARS: number = 64 * 1024 * 1024;
export const MAX_POINTS: number = 750_000;
export const MAX_RULES: number = 20_000;
export const MAX_PSEUDONYMS: number = 20_000;
export const MAX_NAME_CHARS: number = 64;
/** One word of the fidelity, the name of a profile. */
export const MAX_WORD_CHARS: number = 200;
export const MAX_PATH_CHARS: number = 8192;
/** Runs that one rule names as its evidence. */
export const MAX_EVIDENCE_RUNS: number = 10_000;
/** Values that one rule shows as its evidence. */
export const MAX_EVIDENCE_VALUES: number = 5;
/** Entries of `saturation`: ten a run. */
export const MAX_SATURATION: number = 100_000;
/** Faults of a model file that are listed in one error. */
export const MAX_FAULTS: number = 20;
/** One line of a text model: a key or signature of a very large RSA key fits. */
export const MAX_TEXT_LINE_CHARS: number = 16_384;
/** Coefficients that a mapper remembers; beyond it the memo starts again. One takes about 500 bytes. */
export const MAX_REMEMBERED = 65_536;
