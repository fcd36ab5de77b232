// SPDX-License-Identifier: Apache-2.0
// Windows of events as numbers, for models that are trained elsewhere. docs/features.md.
export {
  FEATURE_NAMES,
  FEATURES_VERSION,
  MAX_LOOP,
  WINDOW_EVENTS,
  WINDOW_STRIDE,
} from "./names.ts";
export { type FeatureWindow, FeatureWindows, MAX_FEATURE_STREAMS } from "./windows.ts";
