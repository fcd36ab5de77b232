// SPDX-License-Identifier: Apache-2.0
// Why a name is not covered by a template that it nearly matches: the hole that its part does not fit.
import type { Hole } from "../template/holes.ts";
import { ANYBODY, matchesComponent, nameOf } from "../template/match.ts";
import { type Component, parseTemplate, type Template } from "../template/template.ts";

/** A part of a name, and what it should have been. */
export interface Misfit {
  readonly template: string;
  /** As `{hex:40}`. */
  readonly hole: string;
  readonly value: string;
}

/** undefined when the name matches, or has nothing to do with the template: then more than one part is wrong. */
export function misfitOf(template: string, pathname: string): Misfit | undefined {
  const { root, components, below }: Template = parseTemplate(template);
  if (!pathname.startsWith(root)) return undefined;
  const { spans } = nameOf(pathname, root.length);
  const fits =
    below === true ? spans.length > components.length : spans.length === components.length;
  if (!fits) return undefined;
  const wrong = components.flatMap((component, i) => {
    const span = spans[i] ?? { at: 0, end: 0 };
    const matches = matchesComponent(component, pathname, span, ANYBODY);
    return matches ? [] : [{ component, text: pathname.slice(span.at, span.end) }];
  });
  const [only, ...more] = wrong;
  if (only === undefined || more.length > 0) return undefined;
  const found = misfitIn(only.component, only.text);
  return found === undefined ? undefined : { template, ...found };
}

function misfitIn(component: Component, text: string): Omit<Misfit, "template"> | undefined {
  const values = valuesIn(component, text);
  if (values === undefined) return undefined;
  for (const { hole, value } of values) {
    if (!matchesComponent([hole], value, { at: 0, end: value.length }, ANYBODY))
      return { hole: holeText(hole), value };
  }
  return undefined;
}

interface Filled {
  readonly hole: Hole;
  readonly value: string;
}

/** What stands where the holes are, each up to the next literal; undefined when a literal is not there. */
function valuesIn(component: Component, text: string): readonly Filled[] | undefined {
  const values: Filled[] = [];
  let at = 0;
  for (const [i, piece] of component.entries()) {
    if (typeof piece === "string") {
      if (!text.startsWith(piece, at)) return undefined;
      at += piece.length;
      continue;
    }
    const end = endOf(component, i, text, at);
    if (end < at) return undefined;
    values.push({ hole: piece, value: text.slice(at, end) });
    at = end;
  }
  return at === text.length ? values : undefined;
}

/** Where what stands in the hole `i` ends; -1 when the literal behind it is not there. */
function endOf(component: Component, i: number, text: string, at: number): number {
  const next = component[i + 1];
  if (typeof next !== "string") return text.length;
  return i + 2 === component.length ? text.lastIndexOf(next) : text.indexOf(next, at);
}

function holeText({ type, size }: Hole): string {
  return size === undefined ? `{${type}}` : `{${type}:${size}}`;
}
