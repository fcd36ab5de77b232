// SPDX-License-Identifier: Apache-2.0
// Names with the day of their run in them. All runs of one day have the same such name, and those of tomorrow another.
import type { Hole } from "../../template/holes.ts";
import { type Component, parseTemplate } from "../../template/template.ts";
import type { Entry, Place } from "./entries.ts";
import { holeTexts, readingsOf } from "./readings.ts";

const DATE = /^(\d{4})[-_.]?(\d\d)(?:[-_.]?(\d\d))?/;
const MS_PER_DAY = 86_400_000;
/** Clocks of names run in any time zone. */
const NEAR_DAYS = 1;

/** Days since 1970 of a date as an ISO text begins with it; undefined when there is none. */
export function dayOf(text: string): number | undefined {
  const [, year, month, day] = DATE.exec(text) ?? [];
  if (year === undefined || month === undefined || day === undefined) return undefined;
  return Date.UTC(Number(year), Number(month) - 1, Number(day)) / MS_PER_DAY;
}

/** Readings of names that hold the day, or the month, of each run that met them. */
export function datedReadings(entries: readonly Entry[], { days }: Place): readonly Component[] {
  const found = new Map<string, Component>();
  for (const { name, node } of entries) {
    const facts = { users: [...node.users.values()], partings: [] };
    const dated = readingsOf(name, facts).filter((component) => isDated(component));
    for (const component of dated) {
      const texts = holeTexts(component, name) ?? [];
      const theirs = [...node.runs].every((run) => texts.every((text) => isNear(text, days[run])));
      if (theirs) found.set(JSON.stringify(component), component);
    }
  }
  // with more holes first: a name that holds two dates is not taken apart
  return [...found.values()].sort((a, b) => b.length - a.length);
}

function isDated(component: Component): boolean {
  const holes = component.filter((piece): piece is Hole => typeof piece !== "string");
  return holes.every(({ type }) => type === "time");
}

function isNear(text: string, day: number | undefined): boolean {
  const [, year, month] = DATE.exec(text) ?? [];
  if (day === undefined || year === undefined) return false;
  const date = dayOf(text);
  if (date !== undefined) return Math.abs(date - day) <= NEAR_DAYS;
  return [day - NEAR_DAYS, day, day + NEAR_DAYS].some((near) => {
    const at = new Date(near * MS_PER_DAY);
    return at.getUTCFullYear() === Number(year) && at.getUTCMonth() === Number(month) - 1;
  });
}

/** True for a template of which every hole is a date or time: it rests on the day of its runs. */
export function isDatedTemplate(text: string): boolean {
  return parseTemplate(text)
    .components.flat()
    .every((piece) => typeof piece === "string" || piece.type === "time");
}
