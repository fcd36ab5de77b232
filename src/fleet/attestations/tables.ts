// SPDX-License-Identifier: Apache-2.0
// Tables of evidence: what hosts have sent, and what was found of it.
import type { Kysely } from "kysely";
import type { CommandTables } from "../commands/tables.ts";
import type { ModelTables } from "../models/tables.ts";
import type { FleetSchema } from "../store/index.ts";

export interface AttestationRecord {
  readonly id: string;
  readonly command: string;
  readonly host: string;
  readonly run: string;
  /** what was asked, which need not be what the host says */
  readonly nonce: string;
  readonly form: string;
  readonly token: string;
  /** PEM of the key that the host says it is signed with */
  readonly key: string;
  /** when it came */
  readonly at: number;
  /** null: not appraised yet */
  readonly accepted: number | null;
  /** JSON list of {reason, why} */
  readonly reasons: string;
  /** JSON list */
  readonly gaps: string;
  /** JSON: the policy, so that others can appraise the same under the same terms */
  readonly policy: string;
}

/** The key that a host signs its evidence with: the first one that it has sent. */
export interface HostKeyRecord {
  readonly host: string;
  /** PEM */
  readonly public_key: string;
  readonly at: number;
}

// a type, as Kysely's withTables wants no interface
export type AttestationTables = {
  attestations: AttestationRecord;
  host_keys: HostKeyRecord;
};

export type AttestationDb = Kysely<FleetSchema & CommandTables & ModelTables & AttestationTables>;
