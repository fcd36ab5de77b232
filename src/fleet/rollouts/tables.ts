// SPDX-License-Identifier: Apache-2.0
// Tables of roll-outs. Each change of one is made by the server that finds `version` as it has read it; the others read again.
import type { Kysely } from "kysely";
import type { AccessTables } from "../auth/tables.ts";
import type { CommandTables } from "../commands/tables.ts";
import type { FleetSchema } from "../store/index.ts";

export interface RolloutRecord {
  readonly id: string;
  /** of the workloads */
  readonly name: string;
  /** digest of the model; null: it is about the mode */
  readonly model: string | null;
  readonly mode: string | null;
  /** JSON: StepHosts[] */
  readonly steps: string;
  readonly watch_ms: number;
  readonly answer_ms: number;
  readonly max_failed: number;
  readonly max_violations: number;
  readonly state: string;
  readonly step: number;
  readonly phase: string;
  readonly since: number;
  readonly reason: string | null;
  readonly created: number;
  readonly by: string;
  readonly role: string;
  readonly version: number;
}

export interface RolloutHostRecord {
  readonly rollout: string;
  readonly host: string;
  readonly step: number;
  /** when its step began */
  readonly reached: number | null;
  /** it was not connected then */
  readonly absent: number;
  /** digest of the model that the host had from the fleet before; of a mode: what `modesBefore` says */
  readonly previous: string | null;
  readonly command: string | null;
  /** the command that takes it back */
  readonly back: string | null;
}

// a type, as Kysely's withTables wants no interface
export type RolloutTables = {
  rollouts: RolloutRecord;
  rollout_hosts: RolloutHostRecord;
};

export type RolloutDb = Kysely<FleetSchema & CommandTables & AccessTables & RolloutTables>;
