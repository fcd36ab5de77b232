// SPDX-License-Identifier: Apache-2.0
// What a report leaves out or sums up, in words.
import type { ReportData } from "../../model/report/data.ts";
import {
  MAX_EXPLAINED_VIOLATIONS,
  MAX_REPORT_BEHAVIOURS,
  MAX_REPORT_PROCESSES,
  MAX_REPORT_REFUSED,
  MAX_REPORT_VIOLATIONS,
} from "./limits.ts";

type Lists = Pick<ReportData, "processes" | "behaviours" | "violations">;

/** One sentence for each limit that was reached. */
export function limitNotices({ processes, behaviours, violations }: Lists): string[] {
  const found: string[] = [];
  const more = behaviours.more.reduce((sum, [, , count]) => sum + count, 0);
  if (more > 0)
    found.push(
      `${MAX_REPORT_BEHAVIOURS} behaviours are listed one by one; ${more} more are counted by program and kind`,
    );
  if (behaviours.unnamed > 0 && behaviours.rows.length > 0)
    found.push(`${behaviours.unnamed} points of the model are named by no record`);
  if (processes.left > 0)
    found.push(`${MAX_REPORT_PROCESSES} processes are drawn; ${processes.left} more are not`);
  if (violations.left > 0)
    found.push(
      `${MAX_REPORT_VIOLATIONS} violations are listed; ${violations.left} more are in forensics.jsonl`,
    );
  if (violations.list.length > MAX_EXPLAINED_VIOLATIONS)
    found.push(
      `the first ${MAX_EXPLAINED_VIOLATIONS} violations are compared with what is allowed; galgo why NAME N explains the others`,
    );
  if (violations.refused.length >= MAX_REPORT_REFUSED)
    found.push(
      `${MAX_REPORT_REFUSED} kinds of refused calls are listed; any others are in forensics.jsonl`,
    );
  return found;
}
