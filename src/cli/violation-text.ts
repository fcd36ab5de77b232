// SPDX-License-Identifier: Apache-2.0
// Violations in words: who, what, what was done about it. Untrusted text is quoted.
import { quote } from "../base/quote.ts";
import type { ViolationReport } from "../orchestrator/index.ts";
import { microseconds } from "./render.ts";
import type { Painter } from "./render.ts";

/** Longest program path that is shown whole in one line. */
const MAX_PROGRAM = 200;

/** "/bin/sh > /usr/bin/grep": programs from the first to the acting one. */
export function chainText(programs: readonly (string | undefined)[]): string {
  if (programs.length === 0) return "?";
  return programs
    .map((program) => (program === undefined ? "?" : quote(program, MAX_PROGRAM)))
    .join(" > ");
}

/** What a decision meant for the one who asked. */
export function decisionText(decision: ViolationReport["decision"]): string {
  switch (decision) {
    case "denied":
      return "denied, the process is untrusted from now on";
    case "killed":
      return "the workload was killed";
    case "observed":
      return "only recorded";
  }
}

/** The one line that stands on stderr the moment it happens. `name`: of the run that keeps it, if any does. */
export function violationLine(
  violation: ViolationReport,
  name: string | undefined,
  paint: Painter,
): string {
  const { number, decision, chain, words, reason } = violation;
  const head =
    decision === "observed"
      ? paint.yellow(`violation ${number}`)
      : paint.red(`violation ${number}`);
  const why = reason === undefined ? "" : ` (${reason})`;
  const hint = name === undefined ? "" : `; ${paint.dim(`galgo why ${name} ${number}`)}`;
  return `${head}: ${chainText(chain)} ${words}${why}; ${decisionText(decision)}${hint}`;
}

/** "held for 23 µs", or that nobody could hold it. */
export function heldText(heldUs: number | undefined): string {
  return heldUs === undefined
    ? "it could not be held: it was found out afterwards"
    : `held for ${microseconds(heldUs)}`;
}
