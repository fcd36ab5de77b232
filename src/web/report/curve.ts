// SPDX-License-Identifier: Apache-2.0
// Lines over numbers, drawn by uPlot in the colours of the page, with the same numbers in a table for those who do not see them.
import uPlot from "uplot";
import { h } from "./dom.ts";

export interface Curve {
  readonly name: string;
  readonly values: readonly (number | null)[];
}

export interface CurveOptions {
  /** Accessible name. */
  readonly label: string;
  readonly x: readonly number[];
  readonly xName: string;
  readonly yName: string;
  readonly xText: (value: number) => string;
  /** Distances that marks of the axis may have. */
  readonly steps?: readonly number[];
  readonly curves: readonly Curve[];
}

const HEIGHT = 260;
const MIN_WIDTH = 240;
/** Custom properties with the colours of lines, used in turn. */
const COLOURS = ["--line1", "--line2", "--line3", "--line4", "--line5", "--line6"];

/** A chart that is as wide as its place. It is drawn again when the theme changes. */
export function curveChart(options: CurveOptions): HTMLElement {
  const place = h("div", { class: "chart", role: "img", "aria-label": options.label });
  let plot: uPlot | undefined;
  const draw = (): void => {
    const width = Math.max(MIN_WIDTH, Math.floor(place.clientWidth));
    if (place.clientWidth === 0) return;
    plot?.destroy();
    plot = new uPlot(optionsOf(options, width), dataOf(options), place);
  };
  new ResizeObserver(() => {
    if (plot === undefined) draw();
    else if (place.clientWidth > 0)
      plot.setSize({ width: Math.max(MIN_WIDTH, Math.floor(place.clientWidth)), height: HEIGHT });
  }).observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  return place;
}

function dataOf({ x, curves }: CurveOptions): uPlot.AlignedData {
  return [[...x], ...curves.map(({ values }) => [...values])];
}

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function optionsOf(
  { curves, xName, yName, xText, steps }: CurveOptions,
  width: number,
): uPlot.Options {
  const axis = {
    stroke: colour("--muted"),
    grid: { stroke: colour("--rule"), width: 1 },
    ticks: { stroke: colour("--rule"), width: 1, size: 4 },
    font: "12px system-ui, sans-serif",
    labelFont: "12px system-ui, sans-serif",
    labelSize: 20,
  };
  const xSteps = steps === undefined ? {} : { incrs: [...steps] };
  return {
    width,
    height: HEIGHT,
    padding: [12, 28, 0, 0],
    scales: { x: { time: false }, y: { range: (_, __, most) => [0, Math.max(1, most * 1.08)] } },
    axes: [
      { ...axis, label: xName, size: 34, values: (_, splits) => splits.map(xText), ...xSteps },
      { ...axis, label: yName, size: 56 },
    ],
    series: [
      { label: "at", value: (_, value) => (value === null ? "" : xText(value)) },
      ...curves.map(
        ({ name }, index): uPlot.Series => ({
          label: name,
          stroke: colour(COLOURS[index % COLOURS.length] ?? "--line1"),
          width: 2,
          points: { show: curves.length === 1, size: 5 },
        }),
      ),
    ],
    cursor: { drag: { x: false, y: false } },
    legend: { show: true, live: true },
  };
}
