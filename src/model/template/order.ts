// SPDX-License-Identifier: Apache-2.0
// Which of several templates acts on a name that matches more than one: the most literal.
import type { Hole, HoleType } from "./holes.ts";
import { printTemplate, type Template } from "./template.ts";

/** Narrow holes first: how much a name may differ there. */
const WIDTHS: Readonly<Record<HoleType, number>> = {
  pid: 1,
  uuid: 2,
  hex: 3,
  time: 4,
  n: 5,
  id: 6,
  tmp: 7,
  name: 8,
  path: 9,
};

interface Measure {
  readonly paths: number;
  /** 0: it stands for names of one depth; else less for a deeper directory. */
  readonly below: number;
  readonly names: number;
  readonly literals: number;
  readonly width: number;
  readonly text: string;
}

/**
 * Order of templates, the most literal first: without `{path}` before with, of whole names before of directories, deeper directories first, fewer `{name}`, more literal characters, narrower holes; then
 * by their text. Does not depend on any name, nor on other templates.
 */
export function compareTemplates(a: Template, b: Template): number {
  const [x, y] = [measureOf(a), measureOf(b)];
  return (
    x.paths - y.paths ||
    x.below - y.below ||
    x.names - y.names ||
    y.literals - x.literals ||
    x.width - y.width ||
    (x.text < y.text ? -1 : x.text > y.text ? 1 : 0)
  );
}

/** Measured once: sorting asks again and again. */
const MEASURES = new WeakMap<Template, Measure>();

function measureOf(template: Template): Measure {
  let found = MEASURES.get(template);
  if (found === undefined) {
    found = measure(template);
    MEASURES.set(template, found);
  }
  return found;
}

function measure(template: Template): Measure {
  const pieces = template.components.flat();
  const holes = pieces.filter((piece): piece is Hole => typeof piece !== "string");
  const count = (type: HoleType): number => holes.filter((hole) => hole.type === type).length;
  return {
    paths: count("path"),
    below: template.below === true ? 1 / template.components.length : 0,
    names: count("name"),
    literals: pieces.reduce((n, piece) => n + (typeof piece === "string" ? piece.length : 0), 0),
    width: holes.reduce((n, { type }) => n + WIDTHS[type], 0),
    text: printTemplate(template),
  };
}
