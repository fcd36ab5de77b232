// SPDX-License-Identifier: Apache-2.0
// Running workloads under models and learning models from them. What runs left behind is read through inspect/index.ts.
export {
  type Adoptable,
  adoptable,
  adoptionRequest,
  leftWord,
  servedBy,
  takesLong,
} from "./bpf/adoption.ts";
export { readNonce } from "./attest/order.ts";
export { membersOf } from "./bpf/members.ts";
export { procsOf } from "./cgroup.ts";
export { cgroupRoot } from "./cgroup-mount.ts";
export {
  CommandError,
  LeftRun,
  ModelUseError,
  RecordFileError,
  RunError,
  StateError,
} from "./errors.ts";
export type { LatencySummary } from "./namespace/latency.ts";
export { type LearnObserver, type LearnRequest, type LearnResult, learnWorkload } from "./learn.ts";
export type { ViolationReport } from "./namespace/namespace-types.ts";
export {
  type Attempt,
  playQuickstart,
  type Quickstart,
  type QuickstartObserver,
} from "./quickstart.ts";
export { runWorkload } from "./run.ts";
export { enforces } from "./run-record.ts";
export { createCgroup } from "./cgroup.ts";
export { signalTaker } from "./signals.ts";
export { launchOptions } from "./workload.ts";
export { ownProcessHost, type RunHost } from "./run-host.ts";
export type {
  ChildExit,
  LossReason,
  RunCounts,
  RunMode,
  RunOutcome,
  RunRecord,
  ViolationPolicy,
} from "./run-record.ts";
export type {
  AttachTarget,
  BpfRequest,
  FreeRules,
  RunObserver,
  RunRequest,
  RunResult,
  TsemRequest,
} from "./run-request.ts";
export { tsemFolder } from "../sensor/tsem/index.ts";
export { type FurtherFigures, learnFurtherAside } from "./models/learning-thread.ts";
export {
  loadModel,
  readModel,
  readModelBytes,
  useModel,
  useModelFile,
} from "./models/model-use.ts";
export {
  readRequirement,
  type RequirementFiles,
  type SignatureRequirement,
} from "./models/signature-requirement.ts";
export { digestsOfProgram, imageDigests } from "./models/run-subject.ts";
export type { ModelSignature, ModelSigner, ModelTrust, UsedModel } from "./models/signed-model.ts";
export { defaultName, type RunPlan } from "./plan.ts";
export { failLeftRun } from "./left-run.ts";
export { DEFAULT_DEADLINE_MS } from "./limits.ts";
export { fidelityOf, sensorOf } from "./sensors.ts";
export { validPoints } from "./records/points-file.ts";
export { checkName, nameOfCommand, type RunDirectory, stateRoot } from "./state-dir.ts";
export { atMost } from "./waiting.ts";
