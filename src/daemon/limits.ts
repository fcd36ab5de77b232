// SPDX-License-Identifier: Apache-2.0
// Named maxima of the daemon. Reaching one refuses a request or slows a reader; no workload notices.

/** Connections that wait to be accepted at a door. */
export const DOOR_BACKLOG = 128;
/** Time after which a door that found no free descriptor tries again (ms). */
export const DOOR_PAUSE_MS = 100;
/** Workloads that run at a time. */
export const MAX_WORKLOADS = 1_000;
/** Body of a request to the API (bytes). */
export const MAX_REQUEST_BYTES: number = 64 * 1024;
/** Records are read from their files in pieces of that size (bytes). */
export const RECORD_PIECE_BYTES: number = 64 * 1024;
/** How often the end of a record file is looked at for a client that follows it (ms). */
export const FOLLOW_POLL_MS = 100;
/** Time that a client gets for the head of a request (ms). */
export const REQUEST_HEAD_MS = 10_000;
/** The configuration file (bytes). */
export const MAX_CONFIG_BYTES: number = 1024 * 1024;
/** Time that workloads get to end by themselves when the daemon is stopped and nothing else is said (s). */
export const STOP_SECONDS = 10;
/** Time that the service manager is asked for besides that: workloads are killed, reports written, outputs flushed (s). */
export const STOP_MARGIN_SECONDS = 20;
/** Connections to the API at a time. */
export const MAX_API_CONNECTIONS = 512;
/** Ancestors of a caller that are looked at. */
export const MAX_ANCESTORS = 256;
