// SPDX-License-Identifier: Apache-2.0
// How complete the model is: what the runs brought, what estimates say of what nobody has seen, requirements, tests.
import type { ReportModel } from "../../model/report/data.ts";
import { bars } from "./bars.ts";
import { curveChart } from "./curve.ts";
import { h } from "./dom.ts";
import { tiles } from "./facts.ts";
import { count, plural } from "./format.ts";

type Completeness = ReportModel["completeness"];

const TENTHS = 10;
/** Runs that have a line of their own. */
const MAX_LINES = 12;
/** Runs that have a bar of their own. */
const MAX_BARS = 60;

export function completenessView(model: ReportModel): HTMLElement {
  const { completeness, findings } = model;
  return h(
    "div",
    { class: "completeness" },
    readiness(findings),
    numbers(completeness),
    saturationPart(completeness),
  );
}

function readiness(findings: ReportModel["findings"]): HTMLElement {
  if (findings.length === 0)
    return h("p", { class: "verdict-line good" }, "Nothing speaks against this model.");
  return h(
    "ul",
    { class: "findings" },
    ...findings.map(({ level, code, message }) =>
      h(
        "li",
        { class: level },
        h("span", { class: `pill ${level}` }, level),
        h("span", {}, message),
        h("code", {}, code),
      ),
    ),
  );
}

function numbers({ runs, eventsSeen, eventsLost, behaviours }: Completeness): HTMLElement {
  return tiles([
    [count(runs), runs === 1 ? "run" : "runs"],
    [count(eventsSeen), "events seen"],
    [count(eventsLost), "events lost"],
    [count(behaviours), "behaviours"],
  ]);
}

/** Each run's ten numbers. */
export function saturationByRun(saturation: readonly number[]): number[][] {
  const runs: number[][] = [];
  for (let at = 0; at + TENTHS <= saturation.length; at += TENTHS)
    runs.push(saturation.slice(at, at + TENTHS));
  return runs;
}

function saturationPart({ saturation }: Completeness): HTMLElement {
  const runs = saturationByRun(saturation);
  if (runs.length === 0)
    return h("p", { class: "muted" }, "The model does not tell when its behaviours were found.");
  const curves = runs.slice(0, MAX_LINES).map((tenths, index) => {
    let sum = 0;
    return { name: `run ${index + 1}`, values: [0, ...tenths.map((n) => (sum += n))] };
  });
  const rest = runs.length - MAX_LINES;
  return h(
    "section",
    {},
    h("h3", {}, "Saturation"),
    h(
      "p",
      { class: "muted" },
      "New behaviours over the events of a run. A line that is flat at its end says that more of the same would bring little.",
    ),
    curveChart({
      label: `Saturation: ${runs
        .map(
          (one, index) =>
            `run ${index + 1} found ${sum(one)} behaviours, ${one.at(-1) ?? 0} of them in its last tenth`,
        )
        .slice(0, MAX_LINES)
        .join("; ")}`,
      x: Array.from({ length: TENTHS + 1 }, (_, tenth) => tenth * 10),
      xName: "share of the run's events",
      yName: "behaviours",
      steps: [10, 20, 50],
      xText: (value) => `${value} %`,
      curves,
    }),
    rest > 0
      ? h("p", { class: "muted" }, `and ${plural(rest, "more run")} without a line`)
      : undefined,
    h("h3", {}, "By run"),
    bars(
      runs.slice(0, MAX_BARS).map((tenths, index) => ({
        name: `run ${index + 1}`,
        value: sum(tenths),
        part: tenths.at(-1) ?? 0,
        note: `${count(tenths.at(-1) ?? 0)} in the last tenth`,
      })),
    ),
  );
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}
