// SPDX-License-Identifier: Apache-2.0
// Which templates are of use: those that bring names of different runs together.
import { ActingTemplates } from "./acting.ts";
import { isDatedTemplate } from "./dates.ts";
import type { Sighting } from "./name-tree.ts";

/** A name, as far as a template reaches, and the run that met it. */
export interface TemplateValue {
  readonly value: string;
  readonly run: number;
}

/**
 * The templates of which two runs met different names, each with what it acts on; and those of names with the day of their run.
 * A template that no name is left for, because others act first, is none of them.
 */
export function usefulTemplates(
  templates: readonly string[] | ActingTemplates,
  sightings: Iterable<Sighting>,
): ReadonlyMap<string, readonly TemplateValue[]> {
  const acting = templates instanceof ActingTemplates ? templates : new ActingTemplates(templates);
  const values = new Map<string, Map<string, TemplateValue>>();
  for (const { name, user, run } of sightings) {
    const found = acting.on(name, user);
    if (found === undefined) continue;
    const known = values.get(found.text) ?? new Map<string, TemplateValue>();
    values.set(found.text, known);
    known.set(`${run} ${found.value}`, { value: found.value, run });
  }
  const useful = new Map<string, readonly TemplateValue[]>();
  for (const [text, found] of values) {
    const all = [...found.values()];
    if (isDatedTemplate(text) || differ(all)) useful.set(text, all);
  }
  return useful;
}

/** Some run met a name that another did not. */
function differ(values: readonly TemplateValue[]): boolean {
  const runs = new Map<number, Set<string>>();
  for (const { value, run } of values) {
    const names = runs.get(run) ?? new Set<string>();
    names.add(value);
    runs.set(run, names);
  }
  const [first, ...others] = [...runs.values()];
  if (first === undefined) return false;
  return others.some(
    (names) => names.size !== first.size || [...names].some((name) => !first.has(name)),
  );
}
