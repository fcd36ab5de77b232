// SPDX-License-Identifier: Apache-2.0
// What a run that refuses nothing would have refused: how many behaviours, how often, and by which program.
import type { PointLine } from "../records/points-file.ts";
import { loadRecords } from "../records/record-file.ts";
import type { RunRecord } from "../run-record.ts";

/** Would-be refusals of one program. */
export interface ShadowProgram {
  /** Path of the program; absent when no record tells. Untrusted text. */
  readonly program?: string;
  readonly distinct: number;
  readonly total: number;
}

/** Would-be refusals of a run. */
export interface Shadow {
  /** Behaviours outside the model. */
  readonly distinct: number;
  /** How often they were met; what came in atomic context is counted once. */
  readonly total: number;
  /** The programs with the most of them first; at most `MAX_SHADOW_PROGRAMS`. */
  readonly programs: readonly ShadowProgram[];
}

/** Programs that a run record lists. */
export const MAX_SHADOW_PROGRAMS = 50;

/** True for a run under a model that refuses nothing: a shadow run. */
export function isShadow({ mode, onViolation }: Pick<RunRecord, "mode" | "onViolation">): boolean {
  return mode === "detect" || (mode === "enforce" && onViolation === "observe");
}

/** Counts by the points of the run, and by the records of its violations for who it was. @throws RecordFileError */
export function shadowOf(
  forensics: string,
  points: readonly PointLine[],
  violations: number,
): Shadow {
  if (violations === 0) return { distinct: 0, total: 0, programs: [] };
  const outside = new Map(
    points.filter(({ valid }) => !valid).map(({ coefficient, count }) => [coefficient, count]),
  );
  const { records, actors } = loadRecords(forensics);
  const programs = new Map<string | undefined, { distinct: number; total: number }>();
  for (const { event, mark } of records) {
    if (mark?.kind !== "violation") continue;
    const program = actors.chainOf(event.task).at(-1)?.program;
    const known = programs.get(program) ?? { distinct: 0, total: 0 };
    known.distinct += 1;
    known.total += outside.get(mark.coefficient ?? "") ?? 1;
    programs.set(program, known);
  }
  const listed = [...programs]
    .map(([program, counts]) => ({ ...(program === undefined ? {} : { program }), ...counts }))
    .sort((a, b) => b.distinct - a.distinct || ((a.program ?? "") < (b.program ?? "") ? -1 : 1));
  const counted = [...outside.values()].reduce((sum, count) => sum + count, 0);
  return {
    distinct: violations,
    // those without a coefficient have no point
    total: counted + Math.max(0, violations - outside.size),
    programs: listed.slice(0, MAX_SHADOW_PROGRAMS),
  };
}
