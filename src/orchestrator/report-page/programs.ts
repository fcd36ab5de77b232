// SPDX-License-Identifier: Apache-2.0
// The programs that records name, by who started whom: what is drawn where no account of processes is.
import type { ProcessRow } from "../../model/report/data.ts";
import type { SecurityEvent } from "../../event/index.ts";
import { UNKNOWN_MS } from "./clock.ts";
import { MAX_REPORT_PROCESSES } from "./limits.ts";
import type { ProcessTree, TreeParts } from "./processes.ts";

/** A record, as far as it matters here. */
export interface Recorded {
  readonly event: SecurityEvent;
}

/** First and last time that something was recorded of a program; 0: none. */
interface Times {
  first: bigint;
  last: bigint;
}

/** The tree of the programs that records name. */
export function treeOfRecords(records: readonly Recorded[], parts: TreeParts): ProcessTree {
  const { cast, clock, actors, violations } = parts;
  const times = timesOf([...records, ...violations], parts);
  const since = untrustedSince(violations);
  const rows = new Map<string, number>();
  const made: ProcessRow[] = [];
  // an identity is recorded after the one that it was started by
  for (const { task, cell } of actors.all()) {
    const { first, last } = times.get(task.taskId) ?? { first: 0n, last: 0n };
    const start = clock.ms(first);
    const ran = [[start, cast.program(cell.file.path.pathname)]] as const;
    const untrusted = since.get(task.taskId);
    const from = untrusted === undefined ? UNKNOWN_MS : Math.max(0, clock.ms(untrusted));
    const parent = rows.get(task.pTaskId) ?? -1;
    rows.set(task.taskId, made.length);
    made.push([parent, 0, start, clock.ms(last), from, ran]);
  }
  const shown = made.slice(0, MAX_REPORT_PROCESSES);
  return {
    processes: {
      of: "programs",
      spanMs: clock.spanMs,
      rows: shown,
      left: made.length - shown.length,
    },
    rowOf: violations.map(({ event }) => {
      const row = rows.get(event.task.taskId) ?? -1;
      return row < shown.length ? row : -1;
    }),
  };
}

function timesOf(records: readonly Recorded[], { clock }: TreeParts): Map<string, Times> {
  const times = new Map<string, Times>();
  for (const { event } of records) {
    const { ts, task } = event;
    if (ts === 0n) continue;
    clock.saw(ts);
    const known = times.get(task.taskId) ?? { first: ts, last: ts };
    if (ts < known.first) known.first = ts;
    if (ts > known.last) known.last = ts;
    times.set(task.taskId, known);
  }
  return times;
}

/** When a program was outside of the model first. */
function untrustedSince(violations: readonly Recorded[]): Map<string, bigint> {
  const since = new Map<string, bigint>();
  for (const { event } of violations) {
    const known = since.get(event.task.taskId);
    if (known === undefined || event.ts < known) since.set(event.task.taskId, event.ts);
  }
  return since;
}
