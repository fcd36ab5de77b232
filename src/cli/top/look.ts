// SPDX-License-Identifier: Apache-2.0
// What one look at the workloads changes: rates, curves, who has come and who has ended.
import type { Listed } from "./listed.ts";
import { added, percentileOf, remembered } from "./latency.ts";
import { type Daemon, ENDED_SHOWN_MS, MAX_SAMPLES, type TopState, type Watched } from "./state.ts";

export interface Look {
  readonly now: number;
  readonly daemon: Daemon;
  readonly listed: readonly Listed[];
}

/** A rate over a shorter time says little: the row keeps the one that it has. */
const MIN_RATE_MS = 100;

/** The state after a look. While the daemon is gone, its workloads stay as they were last seen. */
export function withLook(state: TopState, { now, daemon, listed }: Look): TopState {
  const before = new Map(state.rows.map((row) => [row.listed.id, row]));
  const seen = new Set(listed.map(({ id }) => id));
  const rows = listed.map((one) => watch(before.get(one.id), one, now, state.lookedAt ?? now));
  const stale = (row: Watched): boolean => daemon.kind === "gone" && row.listed.via === "daemon";
  for (const row of state.rows) {
    if (seen.has(row.listed.id)) continue;
    if (stale(row)) rows.push(withoutRate(row));
    else if (now - (row.endedAt ?? now) < ENDED_SHOWN_MS || isOpen(state, row))
      rows.push({ ...withoutRate(row), endedAt: row.endedAt ?? now });
  }
  return { ...state, now, daemon, rows, lookedAt: now };
}

function isOpen({ view }: TopState, { listed }: Watched): boolean {
  const opened = view.kind === "text" ? view.back : view;
  return opened.kind === "workload" && opened.id === listed.id;
}

function withoutRate({ rate: _rate, heldSince: _heldSince, ...row }: Watched): Watched {
  return row;
}

function watch(before: Watched | undefined, listed: Listed, now: number, lastNow: number): Watched {
  const passed = now - lastNow;
  if (before !== undefined && passed < MIN_RATE_MS) return { ...before, listed };
  const events = listed.counts.events;
  const last = before?.listed.counts.events;
  const known = events !== undefined && last !== undefined && before?.endedAt === undefined;
  const rate = known ? Math.max(0, ((events - last) * 1_000) / passed) : undefined;
  const still = listed.held === true && (last === undefined || last === events);
  return {
    listed,
    ...(rate === undefined ? {} : { rate }),
    rates: sampled(before?.rates, rate),
    ...latencyOf(before, listed, now),
    ...(still ? { heldSince: before?.heldSince ?? now } : {}),
  };
}

function latencyOf(
  before: Watched | undefined,
  { latency }: Listed,
  now: number,
): Pick<Watched, "latelyUs" | "p99s" | "snapshots"> {
  const histogram = latency?.histogram;
  if (histogram === undefined) return { p99s: [], snapshots: [] };
  const snapshots = remembered(before?.snapshots ?? [], { at: now, histogram });
  const last = before?.listed.latency?.histogram;
  const p99s = sampled(
    before?.p99s,
    last === undefined ? undefined : percentileOf(added(histogram, last), 0.99),
  );
  const [first] = snapshots;
  const latelyUs = first && percentileOf(added(histogram, first.histogram), 0.99);
  return { p99s, snapshots, ...(latelyUs === undefined ? {} : { latelyUs }) };
}

function sampled(
  before: readonly (number | undefined)[] = [],
  value: number | undefined,
): readonly (number | undefined)[] {
  return [...before, value].slice(-MAX_SAMPLES);
}
