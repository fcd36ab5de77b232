// SPDX-License-Identifier: Apache-2.0
// What /metrics tells, in the text format of Prometheus. Everything is read when it is asked for, out of memory; no workload notices.
import { type Metric, Registry } from "prom-client";
import type { FleetStatus } from "../fleet/status.ts";
import type { OutputsStatus } from "../outputs/outputs.ts";
import { type Family, histogramFamily, type Sample, scalarFamily } from "./families.ts";
import type { Sums } from "./sums.ts";

/** A workload that runs, as far as metrics tell of it. */
export interface RunningWorkload {
  readonly mode: string;
  readonly sensor: string;
  readonly sealed: boolean;
  /** Since when the event in hand is being decided on (s); undefined: none is. */
  readonly heldSeconds: number | undefined;
}

/** Everything that there is to tell at one time. */
export interface MetricsSource {
  readonly version: string;
  readonly startedSeconds: number;
  readonly running: readonly RunningWorkload[];
  readonly started: number;
  /** By how they ended: ended, killed, failed, orphaned. */
  readonly ended: ReadonlyMap<string, number>;
  readonly sums: Sums;
  readonly outputs: OutputsStatus | undefined;
  /** Where this host has joined one. */
  readonly fleet: FleetStatus | undefined;
}

/** Content type of the text. */
export const METRICS_TYPE: string = Registry.PROMETHEUS_CONTENT_TYPE;

/** The text of all metrics. */
export async function metricsText(source: MetricsSource): Promise<string> {
  const registry = new Registry();
  const families = [
    ...daemonFamilies(source),
    ...workloadFamilies(source),
    ...eventFamilies(source.sums),
    ...outputFamilies(source.outputs),
    ...fleetFamilies(source.fleet),
  ];
  for (const family of families) registry.registerMetric(family as unknown as Metric);
  return registry.metrics();
}

function fleetFamilies(fleet: FleetStatus | undefined): Family[] {
  if (fleet?.joined !== true) return [];
  const { connected, spool } = fleet;
  return [
    one("gauge", "galgo_fleet_connected", "1: connected with the fleet.", connected ? 1 : 0),
    one(
      "gauge",
      "galgo_fleet_waiting_parcels",
      "Parcels on the disk that the fleet's database is not known to have.",
      spool?.parcels ?? 0,
    ),
    one("gauge", "galgo_fleet_waiting_bytes", "The same in bytes.", spool?.bytes ?? 0),
    scalarFamily(
      "counter",
      "galgo_fleet_dropped_items_total",
      "Items that the fleet never gets because the spool was full, by kind.",
      labelled("kind", new Map(Object.entries(spool?.dropped ?? {}))),
    ),
  ];
}

function daemonFamilies({ version, startedSeconds }: MetricsSource): Family[] {
  const { rss } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return [
    scalarFamily("gauge", "galgo_build_info", "Version of the daemon; the value is 1.", [
      { labels: { version }, value: 1 },
    ]),
    one("gauge", "process_start_time_seconds", "Start of the daemon, Unix time.", startedSeconds),
    one("gauge", "process_resident_memory_bytes", "Resident memory of the daemon.", rss),
    one(
      "counter",
      "process_cpu_seconds_total",
      "Processor time of the daemon, threads that decide included.",
      (user + system) / 1e6,
    ),
  ];
}

function workloadFamilies({ running, started, ended }: MetricsSource): Family[] {
  const held = running.flatMap(({ heldSeconds }) => (heldSeconds === undefined ? [] : heldSeconds));
  return [
    scalarFamily(
      "gauge",
      "galgo_workloads",
      "Workloads that run now.",
      counted(running, ({ mode, sensor, sealed }) => ({ mode, sensor, sealed: String(sealed) })),
    ),
    one("counter", "galgo_workloads_started_total", "Workloads that were started.", started),
    scalarFamily(
      "counter",
      "galgo_workloads_ended_total",
      "Workloads that ended, by how: by themselves (ended), killed by Galgo (killed), with an error of Galgo (failed), left by a daemon that was killed (orphaned).",
      labelled("how", ended),
    ),
    one(
      "gauge",
      "galgo_held_workloads",
      "Workloads of which an event is being decided on now.",
      held.length,
    ),
    one(
      "gauge",
      "galgo_longest_held_seconds",
      "For how long the event has been held that waits longest; 0 when none does.",
      Math.max(0, ...held),
    ),
  ];
}

function eventFamilies(sums: Sums): Family[] {
  return [
    histogramFamily(
      "galgo_decision_latency_seconds",
      "Time from a held event to its answer, by sensor.",
      sums.latency,
    ),
    scalarFamily(
      "counter",
      "galgo_events_total",
      "Events that reached a thread that decides, by sensor. What programs in the kernel decide by themselves is added when the workload has ended.",
      labelled("sensor", sums.events),
    ),
    scalarFamily(
      "counter",
      "galgo_hook_events_total",
      "Events by hook, as far as a thread that decides was told of them.",
      labelled("hook", sums.hooks),
    ),
    scalarFamily(
      "counter",
      "galgo_trajectory_total",
      "Events that extended a model, by sensor.",
      labelled("sensor", sums.extended),
    ),
    scalarFamily(
      "counter",
      "galgo_violations_total",
      "Behaviours outside of a sealed model, each once a run, by name of the workload.",
      labelled("workload", sums.violations),
    ),
    scalarFamily(
      "counter",
      "galgo_refused_total",
      "Further calls of untrusted processes that were refused, by sensor.",
      labelled("sensor", sums.refused),
    ),
    scalarFamily(
      "counter",
      "galgo_anomalies_total",
      "Strange sequences of allowed behaviours in workloads that have ended, by sensor.",
      labelled("sensor", sums.anomalies),
    ),
    scalarFamily(
      "counter",
      "galgo_drifted_workloads_total",
      "Workloads that have ended and were no longer the ones that their sequences were learned from, by sensor.",
      labelled("sensor", sums.drifting),
    ),
    scalarFamily(
      "counter",
      "galgo_lost_total",
      "Events that a sensor could not see or describe, by sensor.",
      labelled("sensor", sums.lost),
    ),
  ];
}

function outputFamilies(status: OutputsStatus | undefined): Family[] {
  if (status === undefined) return [];
  const { journal, outputs } = status;
  const of = (
    type: "counter" | "gauge",
    name: string,
    help: string,
    value: (output: (typeof outputs)[number]) => number,
  ): Family =>
    scalarFamily(
      type,
      name,
      help,
      outputs.map((output) => ({
        labels: { output: output.name, kind: output.kind },
        value: value(output),
      })),
    );
  return [
    one("gauge", "galgo_journal_bytes", "Size of the journal.", journal.bytes),
    one("gauge", "galgo_journal_limit_bytes", "What the journal may grow to.", journal.maxBytes),
    one("gauge", "galgo_journal_entries", "Entries in the journal.", journal.entries),
    of("gauge", "galgo_output_waiting", "Entries that wait for an output.", (o) => o.waiting),
    of("gauge", "galgo_output_up", "1 while an output takes records.", (o) => Number(o.connected)),
    of("counter", "galgo_output_sent_total", "Messages that were taken.", (o) => o.sent),
    of("counter", "galgo_output_failures_total", "Attempts that failed.", (o) => o.failures),
    of(
      "counter",
      "galgo_output_dropped_total",
      "Entries that an output never got because the journal was full.",
      (o) => o.dropped,
    ),
    of(
      "counter",
      "galgo_output_refused_total",
      "Entries that the receiver refused for good, or that were too long.",
      (o) => o.refused,
    ),
  ];
}

function one(type: "counter" | "gauge", name: string, help: string, value: number): Family {
  return scalarFamily(type, name, help, [{ labels: {}, value }]);
}

function labelled(label: string, counts: ReadonlyMap<string, number>): Sample[] {
  return [...counts].map(([value, count]) => ({ labels: { [label]: value }, value: count }));
}

/** How many have the same labels. */
function counted<T>(items: readonly T[], labelsOf: (item: T) => Sample["labels"]): Sample[] {
  const found = new Map<string, { labels: Sample["labels"]; value: number }>();
  for (const item of items) {
    const labels = labelsOf(item);
    const key = JSON.stringify(labels);
    const sample = found.get(key) ?? { labels, value: 0 };
    sample.value += 1;
    found.set(key, sample);
  }
  return [...found.values()];
}
