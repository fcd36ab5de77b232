// SPDX-License-Identifier: Apache-2.0
// Limits of ingest.

/** Parcels of one transaction, and bytes of them as they came (one alone may have more). */
export const MAX_BATCH_PARCELS = 500;
export const MAX_BATCH_BYTES: number = 8 * 1024 * 1024;
/** Parcels that this server has taken from the bus and not stored; then it takes no more. */
export const MAX_WAITING_PARCELS = 1_000;
/** An order of the bus for parcels: it says every half of this that it is still there, and when it is not, another one is given. */
export const PULL_MS = 4_000;
/** Pauses between tries of a batch that the database did not take. */
export const MIN_RETRY_MS = 100;
export const MAX_RETRY_MS = 5_000;
/** How often it is said that the database takes nothing. */
export const COMPLAIN_MS = 30_000;
/** Last heartbeats are written to the database so often. */
export const SEEN_MS = 30_000;
/** What a heartbeat says may differ from what the database knows for so long: parcels are on their way. */
export const DIFFERENT_MS = 15_000;
/** Hosts are held against the database so often, so many at a time. */
export const CHECK_MS = 1_000;
export const MAX_CHECKS = 200;
/** A host is asked for its whole table at most so often, and so for the set of a state. */
export const ASK_AGAIN_MS = 60_000;
export const ASK_STATES_MS = 30_000;
/** Sets of states that are asked for at a time, and of one host. */
export const MAX_STATES_ASKED = 200;
export const MAX_STATES_OF_HOST = 20;
/** Workloads of one batch that consoles are told of one by one; of more they hear that much has changed. */
export const MAX_TOLD_WORKLOADS = 50;
/** Violations of one batch that consoles are told of one by one. */
export const MAX_TOLD_VIOLATIONS = 200;
/** How long a server that ends takes to give back what it has received, and what it gives back goes to another one after so long. */
export const GIVE_BACK_MS = 500;
/** A host that was heard so recently, by what is in the database, is asked for sets of states. */
export const HEARD_MS = 90_000;
/** Bytes of parcels (inflated) that one host may have stored at once, and in each second in the long run, by one server: what a well one sends in
 * an hour is less than what this allows in two seconds. */
export const HOST_BURST_BYTES: number = 256 * 1024 * 1024;
export const HOST_BYTES_PER_S: number = 64 * 1024;
/** What a parcel counts besides what is in it. */
export const PARCEL_COST_BYTES = 512;
/** Hosts whose bytes are counted, before those that have sent little are forgotten. */
export const MAX_BUDGETS = 20_000;
/** Parcels of a spool that are stored although one before them is not: a host sends 64 ahead, and says within half a minute what it has dropped. */
export const MAX_ABOVE = 10_000;
