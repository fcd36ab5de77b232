// SPDX-License-Identifier: Apache-2.0
// Reads the CELL of a record by the layout of its hook.
import type { HookName } from "./event.ts";
import { HOOKS } from "./hooks.ts";
import type { Field } from "./layout.ts";
import { Members, type Reader } from "./read-members.ts";
import { READ } from "./read-objects.ts";
import { memberError } from "./record-error.ts";
import { mayBeUntold } from "./untold.ts";

/** Members that stand side by side: in the CELL itself, or in an object of it. */
interface Section {
  readonly group: string | undefined;
  readonly fields: readonly Field[];
}

interface Plan {
  readonly sections: readonly Section[];
  /** Names that may stand in the cell: its members, its groups, and the name of a system call. */
  readonly names: readonly string[];
}

const plans = new Map<HookName, Plan>();

/** The members of `cell`; what the hook does not know is refused. Empty where the CELL is not told (untold.ts). */
export function readCell(cell: Members, hook: HookName): Readonly<Record<string, unknown>> {
  const [first] = HOOKS[hook].cell;
  if (first?.kind === "rest") {
    const rest = cell.rest();
    return rest === undefined ? {} : { [first.member]: rest };
  }
  return mayBeUntold(hook) && cell.isEmpty() ? {} : readPlan(cell, planOf(hook));
}

function readPlan(cell: Members, { sections, names }: Plan): Readonly<Record<string, unknown>> {
  const out: Record<string, unknown> = {};
  for (const { group, fields } of sections) {
    if (group === undefined) readFields(cell, fields, out);
    else {
      const inner = cell.find(group, readObject);
      if (inner === undefined) refuseMissing(cell, group, fields);
      else {
        readFields(inner, fields, out);
        inner.end(names);
      }
    }
  }
  cell.end(names);
  return out;
}

const readObject: Reader<Members> = (value, of, name) => new Members(value, of, name);

/** An object of optional members only may be absent with them. */
function refuseMissing(cell: Members, group: string, fields: readonly Field[]): void {
  if (fields.some((field) => !field.optional)) throw memberError(cell.at(group), "is missing");
}

function readFields(from: Members, fields: readonly Field[], out: Record<string, unknown>): void {
  for (const { member, json, kind, optional } of fields) {
    if (!optional || from.has(json)) out[member] = from.get<unknown>(json, READ[kind]);
  }
}

function planOf(hook: HookName): Plan {
  let plan = plans.get(hook);
  if (plan === undefined) {
    const layout = HOOKS[hook].cell;
    const groups = [...new Set(layout.map(({ group }) => group))];
    const own = hook === "syscall" ? ["name"] : [];
    plan = {
      sections: groups.map((group) => ({ group, fields: layout.filter((f) => f.group === group) })),
      names: [...own, ...layout.flatMap(({ json, group }) => [json, group ?? json])],
    };
    plans.set(hook, plan);
  }
  return plan;
}
