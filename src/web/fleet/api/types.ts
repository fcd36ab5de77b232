// SPDX-License-Identifier: Apache-2.0
// What the console reads.
export type {
  BehaviourRow,
  HostPresence,
  HostRow,
  ProcessesAnswer,
  SearchAnswer,
  SearchResult,
  StateDetail,
  StateGroup,
  Summary,
  ViolationDetail,
  ViolationRow,
  WorkloadRow,
} from "../../../wire/api/fleet.ts";
export type { EnrolTokenMade, EnrolTokenRow } from "../../../wire/api/enrolment.ts";
export type { Role, Rows } from "../../../wire/api/common.ts";
export type {
  ApiTokenMade,
  ApiTokenRow,
  AttestationRow,
  AuditRow,
  CommandResultRow,
  CommandRow,
  HostStatus,
  LoginWays,
  Me,
  ModelDiffAnswer,
  ModelKeyRow,
  ModelRow,
  RolloutRow,
  RolloutStepRow,
  UserRow,
} from "../../../wire/api/operators.ts";
export type {
  CommandKind,
  CommandTarget,
  WorkloadSelector,
} from "../../../wire/link/command-types.ts";

export type { VerdictOrder, VerdictPolicyRow, VerdictRow } from "../../../wire/api/verdicts.ts";
