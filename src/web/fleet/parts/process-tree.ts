// SPDX-License-Identifier: Apache-2.0
// What hosts tell of processes, as the report's tree takes it: who started whom, when, what each was, since when it is untrusted.
// Nothing here knows that it runs in a page.
import type { ProcessRow, ReportData, ReportViolation } from "../../../model/report/data.ts";
import type { ProcessesAnswer } from "../api/types.ts";
import { shown } from "./shown.ts";

export type TreeData = Pick<ReportData, "programs" | "processes" | "violations">;

type Fact = ProcessesAnswer["facts"][number];
type Violation = ProcessesAnswer["violations"][number];

const UNKNOWN = -1;
const NS_PER_MS = 1_000_000;

interface Growing {
  readonly parent: number;
  readonly pid: number;
  readonly start: bigint;
  end: bigint;
  ended: boolean;
  untrusted: bigint | undefined;
  readonly ran: [bigint, number][];
}

class Growth {
  readonly all: Growing[] = [];
  readonly names: string[] = [];
  readonly #numbers = new Map<string, number>();
  /** By pid: the last process that had it. */
  readonly #current = new Map<number, number>();

  take({ what, pid, ppid, name, untrusted = false, ...fact }: Fact): void {
    const at = BigInt(fact.at);
    const known = this.all[this.#current.get(pid) ?? UNKNOWN];
    if (what === "start" || known === undefined) {
      const parent = ppid === undefined ? UNKNOWN : (this.#current.get(ppid) ?? UNKNOWN);
      this.#current.set(pid, this.all.length);
      const since = untrusted ? at : undefined;
      this.all.push({
        parent,
        pid,
        start: at,
        end: at,
        ended: what === "end",
        untrusted: since,
        ran: [[at, this.#number(name)]],
      });
      return;
    }
    if (at > known.end) known.end = at;
    known.ended = what === "end";
    if (untrusted) known.untrusted ??= at;
    if (what === "exec") known.ran.push([at, this.#number(name)]);
  }

  /** The process that had a pid at a time. */
  rowAt(pid: number, at: bigint): number {
    return this.all.findLastIndex((one) => one.pid === pid && (at === 0n || one.start <= at));
  }

  #number(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    this.names.push(name);
    this.#numbers.set(name, this.names.length - 1);
    return this.names.length - 1;
  }
}

/** @param answer facts in their order */
export function treeData({ facts, violations }: ProcessesAnswer): TreeData {
  const growth = new Growth();
  for (const fact of facts) growth.take(fact);
  const times = [...facts, ...violations].map(({ at }) => BigInt(at)).filter((at) => at > 0n);
  const origin = times.reduce((least, at) => (at < least ? at : least), times[0] ?? 0n);
  const last = times.reduce((most, at) => (at > most ? at : most), origin);
  const ms = (at: bigint): number => (at <= 0n ? UNKNOWN : Number(at - origin) / NS_PER_MS);
  const list = violations.map((one) => violationOf(one, growth, ms));
  for (const one of violations) disgrace(growth, one);
  // whose end was not told runs
  for (const one of growth.all) if (!one.ended) one.end = last;
  return {
    programs: growth.names.map(shown),
    processes: {
      of: "processes",
      spanMs: ms(last),
      rows: growth.all.map((one) => rowOf(one, ms)),
      left: 0,
    },
    violations: { list, refused: [], left: 0 },
  };
}

/** Who violates the model is untrusted from then on. */
function disgrace(growth: Growth, { pid, at, decision }: Violation): void {
  const one = growth.all[growth.rowAt(pid, BigInt(at))];
  if (one === undefined || decision === "observed") return;
  const when = BigInt(at);
  if (one.untrusted === undefined || when < one.untrusted) one.untrusted = when;
  if (when > one.end) one.end = when;
}

function rowOf(
  { parent, pid, start, end, untrusted, ran }: Growing,
  ms: (at: bigint) => number,
): ProcessRow {
  const told = ran.map(([at, program]) => [ms(at), program] as const);
  return [parent, pid, ms(start), ms(end), untrusted === undefined ? UNKNOWN : ms(untrusted), told];
}

function violationOf(
  { number, words, decision, pid, at }: Violation,
  growth: Growth,
  ms: (at: bigint) => number,
): ReportViolation {
  const when = BigInt(at);
  return {
    ...{ number, decision, pid, words: shown(words), atMs: ms(when), row: growth.rowAt(pid, when) },
    ...{ actor: UNKNOWN, kind: UNKNOWN, hook: "", process: "", uid: UNKNOWN, times: 1 },
  };
}
