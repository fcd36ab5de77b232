// SPDX-License-Identifier: Apache-2.0
// Sequences of recorded events: trying models of them on labelled traces. Loaded by what needs it alone.
export {
  type Evaluation,
  evaluateSequences,
  type EvaluateRequest,
  type Family,
} from "./evaluate.ts";
