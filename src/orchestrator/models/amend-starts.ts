// SPDX-License-Identifier: Apache-2.0
// Programs and what lets them start: a behaviour of a program that the model does not know is of no use while the program may not run.
import { isProgramUse } from "../../model/runtime/index.ts";
import type { SecurityEvent } from "../../event/index.ts";
import type { Programs } from "../../model/diff/index.ts";
import { type IdentityRecord, isIdentity } from "../records/actors.ts";

interface Violation {
  readonly number: number;
  readonly record: { readonly event: SecurityEvent };
}

/** What is known of programs. */
export interface StartFacts {
  /** Programs of the model. */
  readonly known: Pick<Programs, "has">;
  readonly identities: readonly SecurityEvent[];
  /** All of the run. */
  readonly violations: readonly Violation[];
}

/** A program that acts, and what would let it start. */
export interface Start {
  readonly program: string;
  /** The violation that is its start; undefined when the run has none. */
  readonly number?: number;
}

/** f_flags of a file that was opened to be executed. */

/** Programs that the model does not know and that act in these violations, by path, in order. */
export function startedPrograms(added: readonly Violation[], facts: StartFacts): readonly string[] {
  const paths = unknownActors(added, facts).map(({ cell }) => cell.file.path.pathname);
  return [...new Set(paths)];
}

/** Programs that act in these violations, that the model does not know, and whose start is not among them. */
export function missingStarts(added: readonly Violation[], facts: StartFacts): readonly Start[] {
  const missing = new Map<string, Start>();
  for (const actor of unknownActors(added, facts)) {
    const program = actor.cell.file.path.pathname;
    if (added.some((violation) => starts(violation, actor))) continue;
    const start = facts.violations.find((violation) => starts(violation, actor));
    // no violation: the model allows to run it, and it is another one because it was started by another, or with other rights
    if (start !== undefined) missing.set(program, { program, number: start.number });
  }
  return [...missing.values()];
}

function unknownActors(added: readonly Violation[], facts: StartFacts): readonly IdentityRecord[] {
  const { known, identities } = facts;
  const byId = new Map(identities.filter(isIdentity).map((record) => [record.task.taskId, record]));
  const found = new Map<string, IdentityRecord>();
  for (const { record } of added) {
    for (let id = record.event.task.taskId; !known.has(id) && !found.has(id); ) {
      const identity = byId.get(id);
      if (identity === undefined) break;
      found.set(id, identity);
      id = identity.task.pTaskId;
    }
  }
  return [...found.values()].reverse();
}

function starts({ record: { event } }: Violation, actor: IdentityRecord): boolean {
  if (event.hook !== "file_open" || !isProgramUse(event.hook, event.cell.file.flags)) return false;
  const { path, digest } = actor.cell.file;
  const { file } = event.cell;
  return (
    event.task.taskId === actor.task.pTaskId &&
    file.path.pathname === path.pathname &&
    file.digest === digest
  );
}
