// SPDX-License-Identifier: Apache-2.0
// The API of enrolment: tokens that hosts come with, and hosts that are not believed any more. Times are milliseconds since 1970.
import type { Labels } from "../link/parts.ts";

/** `GET enrol-tokens` (admin) */
export interface EnrolTokenRow {
  readonly id: string;
  readonly comment: string;
  readonly labels: Labels;
  readonly group?: string;
  readonly uses: number;
  readonly used: number;
  readonly created: number;
  readonly by: string;
  readonly expires: number;
  readonly revoked?: number;
}

/** `POST enrol-tokens` (admin) */
export interface EnrolTokenOrder {
  /** How many hosts may come with it; default 1. */
  readonly uses?: number;
  /** Default: an hour. */
  readonly seconds?: number;
  readonly labels?: Labels;
  readonly group?: string;
  readonly comment?: string;
}

/** The token is told once: the fleet keeps only a digest of it. `DELETE enrol-tokens/ID` ends it early. */
export interface EnrolTokenMade extends EnrolTokenRow {
  readonly token: string;
}

/** `POST hosts/ID/revoke` (admin) */
export interface HostRevoked {
  readonly host: string;
  readonly revoked: number;
  /** False: the bus could not be told now; servers go on trying. The fleet believes nothing of the host from now on in any case. */
  readonly disconnected: boolean;
}
