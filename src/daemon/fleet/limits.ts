// SPDX-License-Identifier: Apache-2.0
// Named maxima of a host's part in the fleet, and its times. Reaching one is counted and said; it never stops a workload.

/** All parcels on the disk (bytes), unless the configuration says otherwise: the least important ones go first. */
export const MAX_SPOOL_BYTES: number = 128 * 1024 * 1024;
/** Least that a configuration may ask for (bytes). */
export const MIN_SPOOL_BYTES: number = 1024 * 1024;
/** Parcels on the disk: each is a file. */
export const MAX_SPOOL_PARCELS = 50_000;
/** Of what a parcel holds, as JSON (bytes); an item that is longer by itself is left out, counted and said. */
export const MAX_PARCEL_BYTES: number = 224 * 1024;
/** Items that wait to be put on the disk. */
export const MAX_WAITING_ITEMS = 10_000;
/** The same in bytes, as JSON. */
export const MAX_WAITING_BYTES: number = 16 * 1024 * 1024;
/** Parcels that are under way and not known to be in the database. */
export const WINDOW_PARCELS = 64;
/** The same in bytes. */
export const WINDOW_BYTES: number = 4 * 1024 * 1024;
/** A parcel that is not committed in this time is asked about, and sent again (ms); it doubles each time, up to MAX_COMMIT_MS. */
export const COMMIT_MS = 10_000;
export const MAX_COMMIT_MS = 120_000;
/** Items are gathered so long before they are put on the disk (ms): what is urgent, and the rest. */
export const URGENT_MS = 20;
export const GATHER_MS = 1_000;
/** The more parcels wait, the longer is gathered (ms for each of them), up to MAX_GATHER_MS. */
export const GATHER_MS_PER_PARCEL = 5;
export const MAX_GATHER_MS = 60_000;
/** How much of the time between heartbeats is chance: not all hosts at once. */
export const HEARTBEAT_JITTER = 0.2;
/** How often the counts of workloads are told while they change (ms). */
export const COUNTS_MS = 60_000;
/** How often the table of workloads is compared with what was told (ms). */
export const TABLE_MS = 1_000;
/** After a violation the files are looked at so often (ms): its record is written right behind the report of it. */
export const HURRIES_MS: readonly number[] = [10, 15, 25, 50, 100, 200];
/** Reading the files of runs gives way to everything else of the daemon after so long (ms), and goes on with other runs then. */
export const PULL_MS = 20;
/** Files of parcels that are committed are removed so often (ms): all of them together. */
export const TIDY_MS = 1_000;
/** Behaviours that are known to have been told (coefficients); then the oldest half is forgotten, and told again when met again. */
export const MAX_KNOWN_BEHAVIOURS = 50_000;
/** Pause after a first failed attempt to connect (ms); it doubles with each further one, up to MAX_CONNECT_PAUSE_MS. */
export const FIRST_CONNECT_PAUSE_MS = 1_500;
export const MAX_CONNECT_PAUSE_MS = 15_000;
/** How often a connection without traffic is tried (ms). */
export const PING_MS = 30_000;
/**
 * An attempt to connect takes at most so long (ms), as long as the bus gives it: when all hosts of a fleet come back at once, who gives up early has
 * only made work for others.
 */
export const CONNECT_MS = 30_000;
/** So does an enrolment. */
export const ENROL_MS = 30_000;
/** A question to the fleet is answered in this time, or nobody is there (ms). */
export const ASK_MS = 5_000;
/** Answer to a request for enrolment (bytes). */
export const MAX_ENROL_BYTES: number = 256 * 1024;
/** The right to connect is renewed when less than this share of its life is left. */
export const RENEW_SHARE = 0.5;
/** A renewal that failed is tried again after so long (ms). */
export const RENEW_PAUSE_MS = 60_000;
/** Reasons for having no connection that are remembered, each of which is told once until there is one. */
export const MAX_REASONS = 16;
/** A membership that could not be acted on (a full disk) is tried again after so long (ms). */
export const REOPEN_MS = 30_000;
/** How often a state that changes all the time is told (ms). */
export const STATE_MS = 10_000;
/** A violation is held against what is allowed nearby where that takes little: records of at most so many bytes ... */
export const MAX_EXPLAINED_BYTES: number = 4 * 1024 * 1024;
/** ... in so much of the time, and so long at once (ms). Then galgo why on the host says it. */
export const WHY_SHARE = 0.05;
export const WHY_BURST_MS = 500;
/** A disk that is full is tried again after so long (ms). */
export const FULL_PAUSE_MS = 5_000;
/** What a daemon that ends waits for the fleet to have everything (ms), and how often it looks. */
export const DRAIN_MS = 1_500;
export const DRAIN_LOOK_MS = 20;
