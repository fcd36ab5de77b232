// SPDX-License-Identifier: Apache-2.0
// Reading what runs left behind, and working on model files. Nothing behind this door starts anything or loads native code.
export { type Actor, Actors, type IdentityRecord, isIdentity } from "../records/actors.ts";
export {
  type AmendPlan,
  type AmendRequest,
  planAmendment,
  writeAmendment,
} from "../models/amend.ts";
export {
  compareModelFiles,
  type FileComparison,
  linesOfModel,
  uriOf,
} from "../models/diff-files.ts";
export {
  CommandError,
  ModelUseError,
  RecordFileError,
  ReportError,
  RunError,
  StateError,
  UntrustedModelError,
} from "../errors.ts";
export {
  type ConvertRequest,
  type ConvertResult,
  convertModel,
  TEXT_MAPPING,
} from "../models/convert-model.ts";
export {
  type ActorFinding,
  type Explanation,
  explainViolation,
} from "../explain/explain.ts";
export { type Mark, splitMark } from "../records/marks.ts";
export {
  plainDifference,
  type PlainDifference,
  SHOWN_DIGITS,
} from "../explain/plain-difference.ts";
export { type FileFindings, lintModelFile } from "../models/lint-file.ts";
export { type Measured, measureModel, readInput } from "../models/measure-model.ts";
export { recordsFileOf } from "../models/learn-files.ts";
export { readLearningRuns } from "../models/learning-runs.ts";
export { type MergeResult, mergeModelFiles } from "../models/merge-files.ts";
export { type NamedBehaviour, nameBehaviours, sealModelFile } from "../models/model-files.ts";
export { loadModelRecords, type ModelRecords } from "../models/model-records.ts";
export { loadModel, readModelBytes, useModelFile } from "../models/model-use.ts";
export { type PointLine, readPoints } from "../records/points-file.ts";
export {
  type JudgedRun,
  type Judgement,
  judgeModel,
  type PromoteRequest,
  writePromoted,
} from "../models/promote.ts";
export { policyText } from "../models/policy-file.ts";
export { writeModelText } from "../models/write-model.ts";
export { type SignRequest, type SignResult, signModelFile } from "../models/sign-model.ts";
export { readRequirement, type RequirementFiles } from "../models/signature-requirement.ts";
export type { ModelSignature, ModelSigner } from "../models/signed-model.ts";
export {
  type ModelVerdict,
  type VerdictRefusal,
  verifyModel,
  type VerifyRequest,
} from "../models/verify-model.ts";
export type { Shadow } from "../namespace/shadow.ts";
export {
  makePseudonyms,
  type PseudonymRequest,
  type PseudonymResult,
} from "../models/pseudonym-files.ts";
export { readEvidenceRecord } from "../records/evidence-record.ts";
export { cutNotice, type FileRecord, readRecords, readRecordText } from "../records/record-file.ts";
export { RunningRuns, type RunningRun } from "../records/running.ts";
export { ruleOption } from "../models/rule-option.ts";
export { type ChildExit, type RunOutcome, type RunRecord, readRunRecord } from "../run-record.ts";
export {
  listNames,
  listRuns,
  newRunId,
  openRun,
  type RunDirectory,
  runFolder,
  stateRoot,
  writeAtomic,
} from "../state-dir.ts";
export { collectReport, type ReportRequest } from "../report-page/collect.ts";
export { reportPage, writeReportPage } from "../report-page/page.ts";
export { writingTo } from "../models/write-model.ts";
export { decideRun } from "../anomalies/respond-socket.ts";
export { findTarget, type Target } from "../target.ts";
