// SPDX-License-Identifier: Apache-2.0
// Sequence models: learned from traces of events, they score streams of events and say what was surprising in them. docs/sequence.md.
export type { Calibration, Scores, Thresholds } from "./calibration.ts";
export { scoresOf, thresholdsFor, wellFounded } from "./calibration.ts";
export { decodeSequences, encodeSequences, type SequenceModelSpec } from "./codec.ts";
export {
  type Calibrated,
  type CalibratedLevel,
  calibratedOn,
  type Detection,
  detectionOf,
  FALSE_POSITIVES,
  type Scored,
} from "./evaluate.ts";
export { type ExpectedEvent, explainSurprises, type SurprisingEvent } from "./explain.ts";
export { MAX_ORDER, MAX_TRAINING_EVENTS } from "./limits.ts";
export { type Drift, MAX_STREAMS, type SequenceFinding, SequenceMonitor } from "./monitor.ts";
export { READINGS, type ReadingName, type Readings } from "./readings.ts";
export {
  type Expected,
  expectedAfter,
  type SequenceAlarm,
  type SequenceScorer,
  SequenceStream,
  type SequenceVerdict,
  scorerOf,
  type Surprise,
} from "./stream.ts";
export {
  type LearnedFrom,
  type SequenceModel,
  type TrainingSet,
  type TrainingTrace,
  trainSequences,
} from "./train.ts";
