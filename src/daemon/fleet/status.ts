// SPDX-License-Identifier: Apache-2.0
// How a host stands with its fleet, as the daemon's API says it (GET /v1/fleet).
import type { SpoolStatus } from "./spool/spool.ts";

export interface FleetStatus {
  readonly joined: boolean;
  readonly connected: boolean;
  /** Where it has joined. */
  readonly url?: string;
  readonly fleet?: string;
  readonly host?: string;
  readonly name?: string;
  readonly group?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** ms since 1970 */
  readonly since?: number;
  /** What waits on the disk until the fleet's database has it. */
  readonly spool?: SpoolStatus;
  /** Why it is not connected. */
  readonly error?: string;
}

export const NOT_JOINED: FleetStatus = { joined: false, connected: false };
