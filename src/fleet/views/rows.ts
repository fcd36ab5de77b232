// SPDX-License-Identifier: Apache-2.0
// Rows of the store as rows of the API.
import type {
  BehaviourRow,
  HostRow,
  HostPresence,
  ViolationRow,
  WorkloadRow,
} from "../../wire/api/index.ts";
import type {
  BehaviourItem,
  Heartbeat,
  ItemCounts,
  ViolationItem,
  WorkloadItem,
} from "../../wire/link/index.ts";
import type * as stored from "../store/index.ts";
import type { Census } from "./census.ts";
import { GONE_MS, LATE_MS } from "./limits.ts";

export const workloadId = (host: string, run: string): string => `${host}~${run}`;

/** "HOST~RUN" as both; ids of hosts have no `~`. */
export function partsOf(id: string): { readonly host: string; readonly run: string } {
  const at = id.indexOf("~");
  return at < 0 ? { host: id, run: "" } : { host: id.slice(0, at), run: id.slice(at + 1) };
}

/** What is known of when a host was heard last, here or by another server. */
export type Seen = (host: string) => number | undefined;

export interface HostNumbers {
  readonly outside: number;
  readonly violations: number;
}

export function hostRow(
  row: stored.HostRow,
  numbers: HostNumbers,
  { now, seen }: { readonly now: number; readonly seen: Seen },
): HostRow {
  const lastSeen = Math.max(row.last_seen ?? 0, seen(row.id) ?? 0);
  return {
    id: row.id,
    name: row.name,
    labels: JSON.parse(row.labels) as HostRow["labels"],
    group: row.grp ?? "",
    status: presenceOf(row, lastSeen, now),
    lastSeen,
    joined: row.enrolled_at,
    workloads: row.workloads,
    ...numbers,
    ...(row.version !== null && { galgo: row.version }),
    ...spoolNumbers(row.spool),
  };
}

/** Who has joined and was never heard is late, and gone at last. */
function presenceOf(
  { revoked_at: revoked, enrolled_at: enrolled }: stored.HostRow,
  lastSeen: number,
  now: number,
): HostPresence {
  if (revoked !== null) return "revoked";
  const silent = now - (lastSeen === 0 ? enrolled - LATE_MS : lastSeen);
  if (silent < LATE_MS) return "connected";
  return silent < GONE_MS ? "late" : "gone";
}

function spoolNumbers(spool: string | null): Pick<HostRow, "spoolBytes" | "dropped"> {
  if (spool === null) return { spoolBytes: 0, dropped: 0 };
  const { bytes, dropped = 0 } = JSON.parse(spool) as Heartbeat["spool"];
  return { spoolBytes: bytes, dropped };
}

export type NamedWorkload = stored.WorkloadRow & { readonly host_name: string };

export function workloadRow(row: NamedWorkload, census: Census): WorkloadRow {
  const body = JSON.parse(row.body) as WorkloadItem;
  const { events, points, refused, lost } = JSON.parse(row.counts) as ItemCounts;
  return {
    id: workloadId(row.host, row.run),
    host: row.host,
    hostName: row.host_name,
    run: row.run,
    name: row.name,
    mode: body.mode,
    sealed: row.sealed === 1,
    status: row.status,
    state: row.state,
    outlier: row.gone === 0 && census.isOutlier(row),
    measurement: row.measurement,
    model: row.model,
    modelName: body.model?.name ?? "",
    labels: body.labels ?? {},
    ...(body.image !== undefined && { image: body.image }),
    sensor: body.sensor,
    started: row.started,
    ...(body.ended !== undefined && { ended: body.ended }),
    ...{ events, points, refused, lost },
    violations: row.violations,
  };
}

export type NamedViolation = stored.ViolationRow & { readonly host_name: string };

export function violationRow(row: NamedViolation): ViolationRow {
  const { number, decision, chain, program } = JSON.parse(row.body) as ViolationItem;
  return {
    id: row.id,
    at: row.at,
    received: row.received,
    host: row.host,
    hostName: row.host_name,
    workload: workloadId(row.host, row.run),
    name: row.name,
    model: row.model,
    ...{ number, decision, chain },
    hook: row.hook,
    words: row.words,
    ...(program !== undefined && { program }),
    ...(row.coefficient !== "" && { coefficient: row.coefficient }),
  };
}

/** A coefficient, with what a host has said of it, if one has. */
export interface SaidBehaviour {
  readonly coefficient: string;
  readonly body: string | null;
  readonly name: string | null;
  readonly workloads: number;
}

export function behaviourRow({ coefficient, body, name, workloads }: SaidBehaviour): BehaviourRow {
  const item = body === null ? undefined : (JSON.parse(body) as BehaviourItem);
  return {
    coefficient,
    name: name ?? "",
    hook: item?.hook ?? "",
    words: item?.words ?? "",
    ...(item?.program !== undefined && { program: item.program }),
    workloads: Number(workloads),
    first: item?.at ?? 0,
  };
}
