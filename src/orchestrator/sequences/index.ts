// SPDX-License-Identifier: Apache-2.0
// Sequences of recorded events: trying models of them on labelled traces. Loaded by what needs it alone.
export { type JudgedRun, judgeRun, type StrangeStream } from "../explain/judge-run.ts";
export { surpriseLines, type WordsOf, wordsBeside } from "../explain/sequence-words.ts";
export {
  type Evaluation,
  evaluateSequences,
  type EvaluateRequest,
  type Family,
} from "./evaluate.ts";
