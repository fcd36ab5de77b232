// SPDX-License-Identifier: Apache-2.0
// Metrics whose values are known already, in the form that prom-client writes: its own kinds count for themselves and can not be told a number.
import { LATENCY_BOUNDS_NS, type LatencySums } from "./sums.ts";

export interface Sample {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  /** Of the parts of a histogram. */
  readonly metricName?: string;
}

/** One metric with all its samples. */
export interface Family {
  readonly name: string;
  get(): Promise<{
    readonly name: string;
    readonly help: string;
    readonly type: "counter" | "gauge" | "histogram";
    readonly values: readonly Sample[];
    readonly aggregator: "sum";
  }>;
}

export function scalarFamily(
  type: "counter" | "gauge",
  name: string,
  help: string,
  values: readonly Sample[],
): Family {
  return { name, get: async () => ({ name, help, type, values, aggregator: "sum" }) };
}

/** @param latency by sensor */
export function histogramFamily(
  name: string,
  help: string,
  latency: ReadonlyMap<string, LatencySums>,
): Family {
  const values = [...latency].flatMap(([sensor, sums]) => samplesOf(name, sensor, sums));
  return { name, get: async () => ({ name, help, type: "histogram", values, aggregator: "sum" }) };
}

function samplesOf(name: string, sensor: string, { counts, count, sumNs }: LatencySums): Sample[] {
  const bucket = (le: number | string, value: number): Sample => ({
    labels: { sensor, le },
    value,
    metricName: `${name}_bucket`,
  });
  return [
    ...LATENCY_BOUNDS_NS.map((bound, at) => bucket(bound / 1e9, counts[at] ?? 0)),
    bucket("+Inf", count),
    { labels: { sensor }, value: sumNs / 1e9, metricName: `${name}_sum` },
    { labels: { sensor }, value: count, metricName: `${name}_count` },
  ];
}
