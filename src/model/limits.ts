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
/** UTF-16 units of a template. */
export const MAX_TEMPLATE_CHARS: number = 4096;
export const MAX_TEMPLATE_COMPONENTS = 128;
/** Literals and holes of one component. */
export const MAX_TEMPLATE_PIECES = 32;
/** The K of {hex:K} and {id:K}. */
export const MAX_HOLE_CHARS = 128;
/** Digits of {n} and {pid}: those of a 64-bit number. */
export const MAX_NUMBER_DIGITS = 20;
export const MIN_HEX_DIGITS = 8;
export const MAX_HEX_DIGITS = 128;
export const MIN_TMP_CHARS = 6;
export const MAX_TMP_CHARS = 12;
/** Names of which the profile remembers what templates make of them, and their UTF-16 units; beyond it the memo starts again. */
export const MAX_REMEMBERED_NAMES = 16_384;
export const MAX_REMEMBERED_CHARS: number = 4 * 1024 * 1024;
/** A name that is longer matches no template: the kernel has none. */
export const MAX_MATCHED_CHARS = 8192;
/** Amendments that a model remembers by their states; the oldest ones are forgotten. */
export const MAX_AMENDMENTS = 1_000;
/** TASK_IDs whose programs a profile knows by name; rules of programs do not hold for more. */
export const MAX_NAMED_PROGRAMS = 65_536;
/** UTF-16 units of a value in the evidence of a found rule. */
export const MAX_EVIDENCE_CHARS = 512;
