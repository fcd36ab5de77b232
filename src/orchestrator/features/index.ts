// SPDX-License-Identifier: Apache-2.0
// Recorded runs as numbers. Loaded by what needs it alone.
export { type FeatureForm, featureLines, type RunWindow, windowsOf } from "./export.ts";
