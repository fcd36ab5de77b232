// SPDX-License-Identifier: Apache-2.0
// How much there was over time, as bars by uPlot, in the colours of the page.
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { whenThemeChanges } from "../theme.ts";
import { clock } from "./shown.ts";

export interface ChartProps {
  /** What it shows, in words, for those who do not see it. */
  readonly label: string;
  /** Times (ms) and numbers. */
  readonly series: readonly (readonly [at: number, count: number])[];
}

const HEIGHT = 150;
const MIN_WIDTH = 220;

export function Chart({ label, series }: ChartProps): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const data = useRef<uPlot.AlignedData>([[], []]);
  data.current = [series.map(([at]) => at / 1_000), series.map(([, count]) => count)];
  useEffect(() => {
    const box = place.current;
    if (box === null) return undefined;
    const draw = (): void => {
      plot.current?.destroy();
      plot.current = new uPlot(optionsOf(widthOf(box)), data.current, box);
    };
    const watch = new ResizeObserver(() => {
      if (plot.current === undefined) draw();
      else plot.current.setSize({ width: widthOf(box), height: HEIGHT });
    });
    watch.observe(box);
    const unwatch = whenThemeChanges(draw);
    return () => {
      watch.disconnect();
      unwatch();
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, []);
  useEffect(() => plot.current?.setData(data.current), [series]);
  return <div class="chart small" ref={place} role="img" aria-label={label} />;
}

function widthOf({ clientWidth }: HTMLElement): number {
  return Math.max(MIN_WIDTH, clientWidth);
}

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function optionsOf(width: number): uPlot.Options {
  const axis = {
    stroke: colour("--muted"),
    grid: { stroke: colour("--rule"), width: 1 },
    ticks: { show: false },
    font: "11px system-ui, sans-serif",
  };
  return {
    width,
    height: HEIGHT,
    padding: [10, 12, 0, 0],
    scales: { y: { range: (_, __, most) => [0, Math.max(4, most * 1.1)] } },
    axes: [
      {
        ...axis,
        size: 24,
        values: (_, splits) => splits.map((at) => clock(at * 1_000).slice(0, 5)),
      },
      { ...axis, size: 40, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000, 10_000] },
    ],
    series: [
      {},
      {
        stroke: colour("--bad-bar"),
        fill: colour("--bad-bar"),
        width: 0,
        points: { show: false },
        ...(uPlot.paths.bars === undefined ? {} : { paths: uPlot.paths.bars({ size: [0.8, 12] }) }),
      },
    ],
    cursor: { show: false },
    legend: { show: false },
  };
}
