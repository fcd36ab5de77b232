// SPDX-License-Identifier: Apache-2.0
// Heartbeats: that a host is there, and by one digest whether what the fleet knows of its workloads is still so.
import * as z from "zod/mini";
import { count, digest, epoch, lazily, readMessage, time, version } from "./parts.ts";

/** Milliseconds between two heartbeats of a host; each differs by up to a tenth. */
export const HEARTBEAT_MS = 10_000;

/** What waits on the host's disk. `oldest` is not committed yet; equal to `next` when nothing waits. */
export interface SpoolFacts {
  readonly epoch: string;
  readonly oldest: number;
  readonly next: number;
  readonly bytes: number;
  /** Items that were dropped since the epoch began. */
  readonly dropped?: number;
}

export interface Heartbeat {
  readonly v: 1;
  readonly at: number;
  /** Of the host's table of workloads: grows with every change. */
  readonly rev: number;
  /** SHA-256 of `statesText` of the table, hex. */
  readonly states: string;
  readonly workloads: number;
  readonly spool: SpoolFacts;
}

const schema = lazily<Heartbeat>(() =>
  z.strictObject({
    v: version(),
    at: time(),
    rev: count(),
    states: digest(),
    workloads: count(),
    spool: z.strictObject({
      epoch: epoch(),
      oldest: count(),
      next: count(),
      bytes: count(),
      dropped: z.exactOptional(count()),
    }),
  }),
);

/** @throws LinkError */
export function readHeartbeat(bytes: Uint8Array): Heartbeat {
  return readMessage(bytes, schema(), "a heartbeat");
}

/** What `states` is the digest of: a line for each workload that is in the table and has not ended, in the order of the ids' UTF-16 units. */
export function statesText(
  workloads: readonly { readonly run: string; readonly state: string }[],
): string {
  return workloads
    .map(({ run, state }) => `${run} ${state}\n`)
    .sort()
    .join("");
}

/** @param sha256 of these bytes, in hex */
export function statesDigest(
  workloads: readonly { readonly run: string; readonly state: string }[],
  sha256: (bytes: Uint8Array) => string,
): string {
  return sha256(new TextEncoder().encode(statesText(workloads)));
}
