// SPDX-License-Identifier: Apache-2.0
// The tables of the store, as Kysely sees them. Times are ms since 1970, truth values 0 and 1, JSON is text: the same on both engines.
// Parts keep the types of their own tables in their folders and use `store.db.withTables<TheirTables>()`.

export interface HostRow {
  readonly id: string;
  readonly name: string;
  /** JSON, a string for each name */
  readonly labels: string;
  readonly grp: string | null;
  /** public nkey of the host */
  readonly key: string;
  /** of its Galgo; null before its first table */
  readonly version: string | null;
  readonly enrolled_at: number;
  /** id of the enrolment token that it came with */
  readonly token: string | null;
  readonly revoked_at: number | null;
  /** when its last heartbeat came; written in batches */
  readonly last_seen: number | null;
  /** of the table of workloads that its last heartbeat named */
  readonly rev: number;
  /** hash over (workload, state) that its last heartbeat named */
  readonly states: string | null;
  /** how many workloads its last heartbeat named */
  readonly workloads: number;
  /** JSON of the spool's numbers in its last heartbeat */
  readonly spool: string | null;
}

/** The last that is known of a workload. Columns are what is searched and sorted by, `body` is all of it. */
export interface WorkloadRow {
  readonly host: string;
  readonly run: string;
  readonly name: string;
  readonly mode: string;
  readonly sealed: number;
  readonly status: string;
  readonly state: string;
  readonly measurement: string;
  /** digest of its model; "" for none */
  readonly model: string;
  readonly image: string | null;
  readonly started: number;
  /** it has ended, or is not in the table of its host any more: not part of the fleet as it is now */
  readonly gone: number;
  /** the entry as the host told it, JSON of WorkloadItem */
  readonly body: string;
  /** JSON of ItemCounts */
  readonly counts: string;
  /** violations of it that are in this store */
  readonly violations: number;
  /** `toldBy` of the parcels that told entry and counts last: what an earlier one says comes too late */
  readonly told: string;
  readonly counts_told: string;
  /** when the store heard of it last */
  readonly updated: number;
}

export interface ViolationRow {
  /** HOST~RUN~NUMBER */
  readonly id: string;
  readonly host: string;
  readonly run: string;
  /** of the workload; "" when the host has not told of it yet */
  readonly name: string;
  readonly model: string;
  /** the host's clock */
  readonly at: number;
  /** ours */
  readonly received: number;
  readonly coefficient: string;
  readonly hook: string;
  readonly decision: string;
  readonly words: string;
  readonly why: string;
  /** JSON of ViolationItem */
  readonly body: string;
}

export interface BehaviourRow {
  readonly coefficient: string;
  readonly hook: string;
  readonly words: string;
  /** who told it first, and when */
  readonly host: string;
  readonly run: string;
  readonly at: number;
  /** JSON of BehaviourItem */
  readonly body: string;
}

/** A state of which a host has told the set, or parts of it. */
export interface StateRow {
  readonly state: string;
  /** how many coefficients it has; it is known as a whole when `state_points` has as many */
  readonly points: number;
  readonly at: number;
}

export interface StatePointRow {
  readonly state: string;
  readonly coefficient: string;
}

/** Lines of a process tree, as many as one item brought. */
export interface ProcessesRow {
  readonly host: string;
  readonly run: string;
  /** `toldBy` of the parcel, and the number of the item in it */
  readonly told: string;
  readonly item: number;
  /** JSON of ProcessFact[] */
  readonly lines: string;
}

export interface NoticeRow {
  /** HOST.EPOCH.SEQ.ITEM */
  readonly id: string;
  readonly host: string;
  readonly at: number;
  readonly level: string;
  readonly words: string;
  /** JSON of NoticeItem */
  readonly body: string;
}

/** How far a host's spool is in the store: all parcels up to `upto` are, and those in `parcels`. */
export interface SpoolRow {
  readonly host: string;
  readonly epoch: string;
  readonly upto: number;
}

/** A parcel that is in the store although one before it is not. */
export interface ParcelRow {
  readonly host: string;
  readonly epoch: string;
  readonly seq: number;
}

/** A parcel that could be read but not stored, as it came: our fault, kept so that nothing is lost by it. */
export interface RejectedRow {
  readonly host: string;
  readonly epoch: string;
  readonly seq: number;
  readonly at: number;
  readonly why: string;
  readonly body: string;
}

/** What the store itself and ingest have. */
export interface FleetSchema {
  hosts: HostRow;
  workloads: WorkloadRow;
  violations: ViolationRow;
  behaviours: BehaviourRow;
  states: StateRow;
  state_points: StatePointRow;
  processes: ProcessesRow;
  notices: NoticeRow;
  spools: SpoolRow;
  parcels: ParcelRow;
  rejected: RejectedRow;
}
