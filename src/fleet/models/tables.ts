// SPDX-License-Identifier: Apache-2.0
// Tables of the signed models that hosts get, and of the keys whose signatures count.
import type { Kysely } from "kysely";
import type { FleetSchema } from "../store/index.ts";

export interface ModelRecord {
  /** SHA-256 of the canonical model, hex */
  readonly digest: string;
  readonly name: string;
  /** from 1, for each name */
  readonly version: number;
  readonly parent: string | null;
  readonly behaviours: number;
  readonly sealed: number;
  readonly state: string;
  /** the signed file, as it came */
  readonly text: string;
  readonly bytes: number;
  /** JSON list of the ids of keys */
  readonly signed_by: string;
  readonly added: number;
  readonly by: string;
  readonly reason: string | null;
}

export interface ModelKeyRecord {
  /** SHA-256 of the public key, hex */
  readonly id: string;
  readonly name: string;
  /** PEM */
  readonly public_key: string;
  readonly added: number;
  readonly by: string;
}

// a type, as Kysely's withTables wants no interface
export type ModelTables = {
  models: ModelRecord;
  model_keys: ModelKeyRecord;
};

export type ModelDb = Kysely<FleetSchema & ModelTables>;
