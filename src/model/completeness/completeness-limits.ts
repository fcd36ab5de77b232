// SPDX-License-Identifier: Apache-2.0
// Limits of what a model says of its completeness. A file beyond one of them is refused; what is learned is cut to them, aloud where it matters.
import { MAX_SATURATION } from "../limits.ts";

/** Runs that are listed one by one: as many as fit into `saturation`. */
export const MAX_RUN_SUMMARIES: number = MAX_SATURATION / 10;
/** Entries of the curve; beyond it each stands for several runs. */
export const MAX_CURVE = 64;
/** Minutes of a run that are told apart: four hours. */
export const MAX_MINUTES = 240;
/** Runs from which on each is held against the others: rules are found where at least two differ. */
export const MIN_HELD_OUT_RUNS = 3;
/** Beyond it a run more or less is no news. */
export const MAX_HELD_OUT_RUNS = 12;
/** Records that are mapped for that, all in all: some ten seconds. */
export const MAX_HELD_OUT_RECORDS = 250_000;
export const MAX_REQUIREMENTS = 200;
export const MAX_REQUIREMENT_CHARS = 1024;
/** Tests that a model lists; those beyond it, by name, are left out. */
export const MAX_TESTS = 10_000;
/** UTF-16 units of the name of a test. */
export const MAX_TEST_NAME_CHARS = 255;
