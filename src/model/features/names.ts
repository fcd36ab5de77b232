// SPDX-License-Identifier: Apache-2.0
// What is told of a window of events to a model that was trained elsewhere: numbers that say how events came, and name no behaviour.
// docs/features.md.
import { HOOK_NAMES } from "../../event/index.ts";

/** Grows when a feature changes its meaning or its place. */
export const FEATURES_VERSION = 1;
/** Events of a window. */
export const WINDOW_EVENTS = 64;
/** A window is told of each time that so many events are new in it. */
export const WINDOW_STRIDE = 32;
/** Loops up to this length are looked for. */
export const MAX_LOOP = 16;

/** Of the window as a whole; behind them the share of each hook. */
const OF_WINDOW = ["workload", "distinct", "top", "entropy", "pairs", "loop", "loop_length"];

/** How many features are not shares of hooks. */
export const HOOKS_FROM: number = OF_WINDOW.length;

/** All of them, in their order. */
export const FEATURE_NAMES: readonly string[] = [
  ...OF_WINDOW,
  ...HOOK_NAMES.map((hook) => `hook_${hook}`),
];
