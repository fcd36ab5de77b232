// SPDX-License-Identifier: Apache-2.0
// A fleet in a store, as if hosts had told of it: hosts are written as enrolment does, the rest comes in parcels through ingest.
import { createHash } from "node:crypto";
import { ITEM_APPLIERS } from "../../src/fleet/ingest/appliers.ts";
import { storeParcels } from "../../src/fleet/ingest/batch.ts";
import type { FleetStore } from "../../src/fleet/store/index.ts";
import type {
  HostId,
  Item,
  Parcel,
  ViolationItem,
  WorkloadItem,
} from "../../src/wire/link/index.ts";

const BATCH = 200;
const LETTERS = "abcdefghijklmnopqrstuvwxyz234567";

export const hex = (text: string): string => createHash("sha256").update(text).digest("hex");

/** The id of the n-th host. */
export function hostIdOf(n: number): HostId {
  const digest = createHash("sha256").update(`host ${n}`).digest();
  return `h${[...digest.subarray(0, 19)].map((byte) => LETTERS[byte % 32]).join("")}` as HostId;
}

export interface ToldHost {
  readonly id: HostId;
  readonly name: string;
  readonly items: readonly Item[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly group?: string;
}

/** Writes hosts and what they tell. */
export async function tellStore(
  store: FleetStore,
  hosts: readonly ToldHost[],
  now: number = Date.now(),
): Promise<void> {
  for (let at = 0; at < hosts.length; at += BATCH) {
    const some = hosts.slice(at, at + BATCH);
    await store.db
      .insertInto("hosts")
      .values(
        some.map(({ id, name, items, labels = {}, group }) => ({
          ...{ id, name, labels: JSON.stringify(labels), key: `key of ${id}`, grp: group ?? null },
          ...{ version: "0.1.0", enrolled_at: now, token: null, revoked_at: null, last_seen: now },
          ...{ rev: 1, states: null, spool: null },
          workloads: items.filter(({ kind }) => kind === "workload").length,
        })),
      )
      .execute();
    const parcels = some.map(
      ({ id, items }): Parcel => ({ v: 1, host: id, epoch: EPOCH, seq: 1, at: now, items }),
    );
    await storeParcels(store, ITEM_APPLIERS, parcels, now);
  }
}

const EPOCH = "1700000000000-00000000";

/** An entry of a table of workloads; `state` is a word of which the state is made. */
export function aWorkload(
  run: string,
  state: string,
  more: Partial<Omit<WorkloadItem, "state" | "run">> = {},
): WorkloadItem {
  return {
    kind: "workload",
    rev: 1,
    at: Date.now(),
    run,
    name: "web",
    mode: "enforce",
    sealed: true,
    onViolation: "deny",
    sensor: "seccomp",
    status: "running",
    started: Date.now() - 60_000,
    state: hex(state),
    measurement: hex(`measured ${run}`),
    model: { name: "web", digest: hex("model") },
    counts: { events: 1_000, points: 3, trajectory: 0, violations: 0, refused: 0, lost: 0 },
    ...more,
  };
}

export function aViolation(
  run: string,
  number: number,
  more: Partial<ViolationItem> = {},
): ViolationItem {
  const words = "opens /etc/shadow for reading";
  return {
    kind: "violation",
    id: `${run}/forensics/${number}`,
    at: Date.now(),
    run,
    number,
    decision: "denied",
    words,
    why: "/usr/bin/cat is not in the model\nnearest allowed: opens /etc/passwd for reading",
    hook: "file_open",
    coefficient: hex(words),
    program: "/usr/bin/cat",
    chain: ["/usr/sbin/web", "/bin/sh", "/usr/bin/cat"],
    model: hex("model"),
    heldUs: 212,
    record: JSON.stringify({ event: { pid: "11", tgid: "11", ts: "1012000000" } }),
    ...more,
  };
}
