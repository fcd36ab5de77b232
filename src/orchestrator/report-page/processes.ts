// SPDX-License-Identifier: Apache-2.0
// The processes of a run over time, from the account of them that it kept.
import type { ProcessRow, ReportProcesses } from "../../model/report/data.ts";
import type { Actors } from "../records/actors.ts";
import type { ProcessLine } from "../records/process-log.ts";
import type { FileRecord } from "../records/record-file.ts";
import type { ProcessAccount } from "./account.ts";
import type { Cast } from "./cast.ts";
import { type Clock, UNKNOWN_MS } from "./clock.ts";
import { MAX_REPORT_EXECS, MAX_REPORT_PROCESSES } from "./limits.ts";

/** A process while its lines are read. */
interface Growing {
  readonly parent: number;
  readonly pid: number;
  readonly start: bigint;
  end: bigint;
  /** It was untrusted at its end; only violations tell since when. */
  endedUntrusted: boolean;
  untrusted: bigint | undefined;
  readonly ran: [bigint, number][];
  execs: number;
}

export interface TreeParts {
  readonly cast: Cast;
  readonly clock: Clock;
  readonly actors: Actors;
  /** Violations, as they stand in forensics.jsonl. */
  readonly violations: readonly FileRecord[];
}

/** What is drawn, and which process did each violation (-1: not known). */
export interface ProcessTree {
  readonly processes: ReportProcesses;
  readonly rowOf: readonly number[];
}

/** The tree of an account. */
export function treeOfAccount(account: ProcessAccount, parts: TreeParts): ProcessTree {
  const { clock } = parts;
  const all = grow(account, parts);
  const rowOf = parts.violations.map(({ event }) => {
    const row = rowAt(all, event.tgid ?? event.pid, event.ts);
    const found = all[row];
    if (found !== undefined) found.untrusted = least(found.untrusted, event.ts);
    return row;
  });
  const rows = all.slice(0, MAX_REPORT_PROCESSES).map((one): ProcessRow => {
    const { parent, pid, start, end, untrusted, endedUntrusted, ran } = one;
    const from = untrusted ?? (endedUntrusted ? start : 0n);
    const since = from === 0n ? UNKNOWN_MS : clock.ms(from);
    const told = ran.map(([at, program]) => [clock.ms(at), program] as const);
    return [parent, pid, clock.ms(start), clock.ms(end), since, told];
  });
  return {
    processes: {
      of: "processes",
      spanMs: clock.spanMs,
      rows,
      left: all.length - rows.length,
    },
    rowOf: rowOf.map((row) => (row < rows.length ? row : -1)),
  };
}

function least(a: bigint | undefined, b: bigint): bigint | undefined {
  if (b === 0n) return a;
  return a === undefined || b < a ? b : a;
}

/** A reader of the account: who is who by pid, line after line. */
class Growth {
  readonly all: Growing[] = [];
  /** By pid: the last process that had it. */
  readonly #current = new Map<number, number>();
  readonly #parts: TreeParts;

  constructor(parts: TreeParts) {
    this.#parts = parts;
  }

  take(line: Exclude<ProcessLine, { what: "cut" }>): void {
    const at = BigInt(line.at);
    this.#parts.clock.saw(at);
    if (line.what === "start") {
      this.#start(line, at);
      return;
    }
    const known = this.all[this.#current.get(line.pid) ?? -1];
    if (known === undefined) return;
    if (at > known.end) known.end = at;
    if (line.what === "end") known.endedUntrusted = line.untrusted;
    else if (++known.execs < MAX_REPORT_EXECS) known.ran.push([at, this.#programOf(line)]);
  }

  #start(line: Extract<ProcessLine, { what: "start" | "end" }>, at: bigint): void {
    const { pid, ppid, untrusted } = line;
    const parent = this.#current.get(ppid) ?? -1;
    this.#current.set(pid, this.all.length);
    this.all.push({
      ...{ parent, pid, start: at, end: at, execs: 0, endedUntrusted: false },
      untrusted: untrusted ? at : undefined,
      ran: [[at, this.#programOf(line)]],
    });
  }

  #programOf({ task, name }: { readonly task: string; readonly name: string }): number {
    const { cast, actors } = this.#parts;
    return cast.program(actors.programOf(task) ?? name);
  }
}

function grow({ lines }: ProcessAccount, parts: TreeParts): readonly Growing[] {
  const growth = new Growth(parts);
  for (const line of lines) if (line.what !== "cut") growth.take(line);
  return growth.all;
}

/** The process that had a pid at a time. */
function rowAt(all: readonly Growing[], pid: number, ts: bigint): number {
  let found = -1;
  for (const [row, one] of all.entries()) {
    if (one.pid === pid && (ts === 0n || one.start <= ts || found < 0)) found = row;
  }
  return found;
}
