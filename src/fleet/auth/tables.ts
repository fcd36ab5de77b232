// SPDX-License-Identifier: Apache-2.0
// Tables of who may do what. Nothing in them lets anybody in: of passwords, sessions and tokens there are digests only.
import type { Kysely } from "kysely";
import type { FleetSchema } from "../store/index.ts";

export interface UserRecord {
  /** To log in with. */
  readonly name: string;
  /** For people. */
  readonly shown: string;
  readonly role: string;
  readonly kind: "password" | "oidc";
  /** As passwords.ts writes it; null: no password. */
  readonly kept: string | null;
  /** Who vouches for the user, and as whom. */
  readonly issuer: string | null;
  readonly subject: string | null;
  readonly disabled: number;
  readonly created: number;
  readonly last_login: number | null;
}

export interface SessionRecord {
  readonly digest: string;
  readonly user: string;
  readonly created: number;
  readonly used: number;
  readonly expires: number;
  readonly address: string;
}

export interface ApiTokenRecord {
  readonly id: string;
  readonly digest: string;
  readonly user: string;
  readonly name: string;
  readonly role: string;
  readonly created: number;
  readonly expires: number;
  readonly used: number | null;
}

/** Logins that were tried: one row for each thing that is counted, for as long as it counts. */
export interface LoginTriesRecord {
  readonly bucket: string;
  readonly tries: number;
  readonly since: number;
}

/** Logins that have begun at another service. */
export interface OidcLoginRecord {
  /** Digest of the state that comes back. */
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly expires: number;
}

export interface AuditRecord {
  readonly id: string;
  readonly at: number;
  readonly who: string;
  readonly role: string;
  readonly via: string;
  readonly action: string;
  readonly target: string;
  readonly result: string;
  readonly words: string;
  readonly address: string;
}

// a type, as Kysely's withTables wants no interface
export type AccessTables = {
  users: UserRecord;
  sessions: SessionRecord;
  api_tokens: ApiTokenRecord;
  login_tries: LoginTriesRecord;
  oidc_logins: OidcLoginRecord;
  audit: AuditRecord;
};

/** The database with these tables, or a transaction of it. */
export type AccessDb = Kysely<FleetSchema & AccessTables>;
