// SPDX-License-Identifier: Apache-2.0
// Hosts, parcels and items of tests of the fleet, with what a test does not care about filled in.
import { createHash } from "node:crypto";
import type { FleetStore } from "../../src/fleet/store/index.ts";
import type {
  BehaviourItem,
  Item,
  ItemCounts,
  Parcel,
  ViolationItem,
  WorkloadItem,
} from "../../src/wire/link/index.ts";

export const EPOCH = "1763000000000-00000000";
export const NOW = 1_763_000_100_000;

/** An id of a host for a letter from a to z. */
export const hostNamed = (letter: string): string => letter.repeat(20);

/** What stands for a digest of `text`. */
export const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex");

export const NO_COUNTS: ItemCounts = {
  events: 0,
  points: 0,
  trajectory: 0,
  violations: 0,
  refused: 0,
  lost: 0,
};

export function aParcel(host: string, seq: number, ...items: readonly Item[]): Parcel {
  return { v: 1, host, epoch: EPOCH, seq, at: NOW, items };
}

export function aWorkload(run: string, also: Partial<WorkloadItem> = {}): WorkloadItem {
  return {
    kind: "workload",
    rev: 1,
    at: NOW,
    run,
    name: "app",
    mode: "enforce",
    sealed: true,
    onViolation: "deny",
    sensor: "bpf",
    status: "running",
    started: NOW - 1_000,
    state: digestOf("state"),
    measurement: digestOf("measurement"),
    model: { name: "app", digest: digestOf("model") },
    counts: NO_COUNTS,
    ...also,
  };
}

export function aViolation(
  run: string,
  number: number,
  also: Partial<ViolationItem> = {},
): ViolationItem {
  return {
    kind: "violation",
    id: `${run}/forensics/${number}`,
    at: NOW + number,
    run,
    number,
    decision: "denied",
    words: `opens /etc/shadow (${number})`,
    why: "no program of the model opens it",
    hook: "file_open",
    coefficient: digestOf(`violation ${number}`),
    program: "/usr/bin/cat",
    chain: ["/bin/sh", "/usr/bin/cat"],
    record: `{"event":{"pid":"${number}"}}`,
    ...also,
  };
}

export function aBehaviour(run: string, text: string): BehaviourItem {
  return {
    kind: "behaviour",
    at: NOW,
    run,
    coefficient: digestOf(text),
    words: text,
    hook: "file_open",
    valid: true,
    record: "{}",
  };
}

/** Rows of hosts as enrolment writes them. */
export async function enrol(store: FleetStore, ...ids: readonly string[]): Promise<void> {
  const rows = ids.map((id) => ({
    id,
    name: `host-${id[0] ?? ""}`,
    key: `U${id.toUpperCase()}`,
    labels: "{}",
    grp: null,
    enrolled_at: NOW,
    token: null,
    revoked_at: null,
    last_seen: null,
    version: null,
    rev: 0,
    states: null,
    workloads: 0,
    spool: null,
  }));
  await store.db.insertInto("hosts").values(rows).execute();
}
