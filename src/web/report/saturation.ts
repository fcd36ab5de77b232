// SPDX-License-Identifier: Apache-2.0
// Whether learning has come to rest: behaviours over the number of runs, over the events of each run, over its minutes.
import { runsAt } from "../../model/report/index.ts";
import { bars } from "./bars.ts";
import type { Completeness } from "./completeness.ts";
import { curveChart } from "./curve.ts";
import { h } from "./dom.ts";
import { count, plural } from "./format.ts";

const TENTHS = 10;
/** Runs that have a line of their own. */
const MAX_LINES = 6;
/** Minutes that have a bar of their own. */
const MAX_MINUTES = 30;

/** The curves and what they say. */
export function growthPart(completeness: Completeness): HTMLElement {
  return h(
    "section",
    {},
    h("h3", {}, "Saturation"),
    h("div", { class: "charts" }, overRuns(completeness), withinRuns(completeness.saturation)),
    overMinutes(completeness),
  );
}

/** Expected behaviours after 1, 2, ... runs, in whatever order they had come. */
function overRuns({ curve = [], runs }: Completeness): HTMLElement | undefined {
  if (curve.length < 2) return undefined;
  const values = curve.map((thousandths) => thousandths / 1_000);
  const [last = 0, before = 0] = [values.at(-1), values.at(-2)];
  const gain = last - before;
  return h(
    "figure",
    {},
    h(
      "figcaption",
      {},
      `Over the runs: ${count(last)} behaviours after ${plural(runs, "run")}; the last one brought ${gain < 0.05 ? "nothing" : gain.toFixed(1)} on average.`,
    ),
    curveChart({
      label: `Behaviours after 1 to ${runs} runs: ${values.map((value) => value.toFixed(1)).join(", ")}`,
      x: values.map((_, index) => runsAt(index, runs)),
      xName: "runs",
      yName: "behaviours",
      steps: [1, 2, 5, 10, 20, 50, 100, 1_000],
      xText: (value) => count(value),
      curves: [{ name: "behaviours", values }],
    }),
  );
}

/** Each run's ten numbers. */
export function saturationByRun(saturation: readonly number[]): number[][] {
  const runs: number[][] = [];
  for (let at = 0; at + TENTHS <= saturation.length; at += TENTHS)
    runs.push(saturation.slice(at, at + TENTHS));
  return runs;
}

function withinRuns(saturation: readonly number[]): HTMLElement {
  const runs = saturationByRun(saturation);
  if (runs.length === 0)
    return h("p", { class: "muted" }, "The model does not tell when its behaviours were found.");
  const lines = runs.map((tenths) => {
    let sum = 0;
    return [0, ...tenths.map((found) => (sum += found))];
  });
  const tails = runs.map((tenths) => tenths.at(-1) ?? 0);
  const rest = runs.length - MAX_LINES;
  const others = rest > 0 ? `; ${plural(rest, "more run")} without a line` : "";
  return h(
    "figure",
    {},
    h(
      "figcaption",
      {},
      `Within each run, what the runs before it had not shown: ${tails.slice(0, MAX_LINES).map(count).join(", ")} in the last tenth${others}.`,
    ),
    curveChart({
      label: `New behaviours within each run: ${lines
        .slice(0, MAX_LINES)
        .map((line) => line.join(" "))
        .join("; ")}`,
      x: Array.from({ length: TENTHS + 1 }, (_, tenth) => tenth * 10),
      xName: "share of the run's events",
      yName: "new behaviours",
      steps: [10, 20, 50],
      xText: (value) => `${value} %`,
      curves: lines
        .slice(0, MAX_LINES)
        .map((values, index) => ({ name: `run ${index + 1}`, values })),
    }),
  );
}

/** New behaviours by the minute, when a run took more than one. */
function overMinutes({ perRun = [] }: Completeness): HTMLElement | undefined {
  const longest = Math.max(0, ...perRun.map(({ perMinute }) => perMinute?.length ?? 0));
  if (longest < 2) return undefined;
  const minutes = Array.from({ length: longest }, (_, minute) => ({
    name: `minute ${minute + 1}`,
    value: perRun.reduce((total, { perMinute }) => total + (perMinute?.[minute] ?? 0), 0),
  }));
  const rest = minutes.slice(MAX_MINUTES);
  const later = rest.reduce((total, { value }) => total + value, 0);
  return h(
    "div",
    {},
    h("h4", {}, "New behaviours by the minute, all runs together"),
    bars([
      ...minutes.slice(0, MAX_MINUTES),
      ...(rest.length === 0 ? [] : [{ name: "later", value: later }]),
    ]),
  );
}
