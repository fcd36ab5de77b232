// SPDX-License-Identifier: Apache-2.0
// What other parts of the daemon add to the API.
import type { Peer } from "../../native/unix-socket.ffi.ts";
import type { AttestAnswer, AttestOrder } from "../../orchestrator/attest/index.ts";
import type { FleetStatus } from "../fleet/status.ts";
import type { ManagedRun } from "../registry/managed-run.ts";
import type { AttachOrder, WorkloadStatus } from "./types.ts";

export interface MetricsText {
  readonly contentType: string;
  readonly text: string;
}

/** Filled by parts when they start; what is not there is answered with a problem. */
export interface ApiExtensions {
  metrics?: () => Promise<MetricsText>;
  /** Evidence of a workload, for a verifier. */
  attest?: (run: ManagedRun, order: AttestOrder) => Promise<AttestAnswer>;
  /** How the host stands with its fleet. */
  fleet?: () => FleetStatus;
  attach?: (order: AttachOrder, peer: Peer) => Promise<WorkloadStatus>;
}
