// SPDX-License-Identifier: Apache-2.0
// Reading what runs left behind, and working on model files. Nothing behind this door starts anything or loads native code.
export { type Actor, Actors, type IdentityRecord, isIdentity } from "../actors.ts";
export {
  type AmendPlan,
  type AmendRequest,
  planAmendment,
  writeAmendment,
} from "../amend.ts";
export { compareModelFiles, type FileComparison, linesOfModel, uriOf } from "../diff-files.ts";
export {
  CommandError,
  ModelUseError,
  RecordFileError,
  ReportError,
  RunError,
  StateError,
} from "../errors.ts";
export {
  type ConvertRequest,
  type ConvertResult,
  convertModel,
  TEXT_MAPPING,
} from "../convert-model.ts";
export {
  type ActorFinding,
  type Explanation,
  explainViolation,
} from "../explain.ts";
export type { Mark } from "../marks.ts";
export { plainDifference, type PlainDifference, SHOWN_DIGITS } from "../plain-difference.ts";
export { type FileFindings, lintModelFile } from "../lint-file.ts";
export { type Measured, measureModel, readInput } from "../measure-model.ts";
export { recordsFileOf } from "../learn-files.ts";
export { readLearningRuns } from "../learning-runs.ts";
export { type MergeResult, mergeModelFiles } from "../merge-files.ts";
export { type NamedBehaviour, nameBehaviours, sealModelFile } from "../model-files.ts";
export { loadModelRecords, type ModelRecords } from "../model-records.ts";
export { loadModel } from "../model-use.ts";
export { type PointLine, readPoints } from "../points-file.ts";
export {
  type JudgedRun,
  type Judgement,
  judgeModel,
  type PromoteRequest,
  writePromoted,
} from "../promote.ts";
export type { Shadow } from "../shadow.ts";
export { makePseudonyms, type PseudonymRequest, type PseudonymResult } from "../pseudonym-files.ts";
export { cutNotice, type FileRecord, readRecords } from "../record-file.ts";
export { ruleOption } from "../rule-option.ts";
export { type ChildExit, type RunOutcome, type RunRecord, readRunRecord } from "../run-record.ts";
export { listNames, type RunDirectory, stateRoot } from "../state-dir.ts";
export { collectReport, type ReportRequest } from "../report-page/collect.ts";
export { reportPage, writeReportPage } from "../report-page/page.ts";
export { findTarget, type Target } from "../target.ts";
