// SPDX-License-Identifier: Apache-2.0
// The metrics as a part of the daemon: hears which workloads end, and answers /metrics, on the daemon's socket and where [metrics] says.
import { sensorOf } from "../../orchestrator/index.ts";
import { readPulse } from "../../orchestrator/live/index.ts";
import type { RunResult } from "../../orchestrator/run-request.ts";
import type { MetricsText } from "../api/extensions.ts";
import { DaemonError } from "../errors.ts";
import { wordsOf } from "../outputs/errors.ts";
import { outputsOf } from "../outputs/part.ts";
import type { DaemonContext, DaemonPart } from "../part.ts";
import type { LifecycleEvent } from "../registry/lifecycle.ts";
import type { ManagedRun } from "../registry/managed-run.ts";
import { listenForMetrics, type MetricsListener } from "./listener.ts";
import { METRICS_TYPE, metricsText, type RunningWorkload } from "./metrics.ts";
import { type Reading, readingOf, Sums } from "./sums.ts";

export const metricsPart: DaemonPart = {
  name: "metrics",
  start: async (context) => {
    const account = new Account(context);
    const text = (): Promise<MetricsText> => account.text();
    const door = new Door(context, text);
    await door.open(context.config.metrics.listen);
    const stop = context.registry.listen((event) => account.hear(event));
    context.api.metrics = text;
    return {
      reload: () => door.reopen(),
      close: async () => {
        stop();
        await door.close();
      },
    };
  },
};

/** The listener over TCP, when one is wanted. */
class Door {
  readonly #context: DaemonContext;
  readonly #text: () => Promise<MetricsText>;
  #listen: string | undefined;
  #listener: MetricsListener | undefined;

  constructor(context: DaemonContext, text: () => Promise<MetricsText>) {
    this.#context = context;
    this.#text = text;
  }

  /** @throws DaemonError BAD_CONFIG */
  async open(listen: string | undefined): Promise<void> {
    if (listen === undefined) return;
    this.#listener = await listenForMetrics(listen, this.#text, (error) =>
      this.#context.tell("error", `metrics failed: ${wordsOf(error)}`),
    );
    this.#listen = listen;
  }

  async reopen(): Promise<void> {
    const { listen } = this.#context.config.metrics;
    if (listen === this.#listen) return;
    await this.close();
    try {
      await this.open(listen);
    } catch (cause) {
      const what = `they are on the daemon's socket only: ${wordsOf(cause)}`;
      throw new DaemonError("NOT_RELOADED", what, { cause });
    }
  }

  async close(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    this.#listen = undefined;
    await listener?.close();
  }
}

class Account {
  readonly #context: DaemonContext;
  readonly #startedSeconds = Date.now() / 1_000 - process.uptime();
  /** Of workloads that have ended. */
  readonly #past = new Sums();
  readonly #ended = new Map<string, number>();
  #started = 0;

  constructor(context: DaemonContext) {
    this.#context = context;
  }

  hear(event: LifecycleEvent): void {
    switch (event.type) {
      case "started":
        this.#started += 1;
        return;
      case "ended":
        this.#past.add(withOutcome(readingOfRun(event.run), event.result));
        this.#count(event.result.outcome.killed === undefined ? "ended" : "killed");
        return;
      case "failed":
        this.#past.add(readingOfRun(event.run));
        this.#count("failed");
        return;
      case "orphaned":
        this.#count("orphaned");
        return;
      case "notice":
      case "violation":
        return;
    }
  }

  async text(): Promise<MetricsText> {
    const runs = this.#context.registry.list();
    const sums = new Sums();
    sums.merge(this.#past);
    for (const run of runs) sums.add(readingOfRun(run));
    // behind those that have violated something: there is room for a limited number of names
    for (const { name } of runs) sums.watch(name);
    const text = await metricsText({
      version: this.#context.version,
      startedSeconds: this.#startedSeconds,
      running: runs.map(runningOf),
      started: this.#started,
      ended: this.#ended,
      sums,
      outputs: outputsOf(this.#context)?.status(),
      fleet: this.#context.api.fleet?.(),
    });
    return { contentType: METRICS_TYPE, text };
  }

  #count(how: string): void {
    this.#ended.set(how, (this.#ended.get(how) ?? 0) + 1);
  }
}

function readingOfRun({ name, plan, heartbeat }: ManagedRun): Reading {
  const { request } = plan;
  return readingOf({ name, mode: request.mode, sensor: sensorOf(request) }, heartbeat);
}

/** What programs in the kernel have decided is known when a run has ended. */
function withOutcome(reading: Reading, { outcome }: RunResult): Reading {
  const { events, violations, refused, lost } = outcome.counts;
  return {
    ...reading,
    events: Math.max(events, reading.events),
    violations: Math.max(violations, reading.violations),
    refused: Math.max(refused, reading.refused),
    lost: Math.max(lost, reading.lost),
    anomalies: outcome.sequences?.anomalies ?? 0,
    drifting: outcome.sequences?.drift.drifting ?? false,
  };
}

function runningOf({ plan, heartbeat }: ManagedRun): RunningWorkload {
  const { busySince, sealed } = readPulse(heartbeat);
  const heldNs = busySince === 0n ? undefined : process.hrtime.bigint() - busySince;
  return {
    mode: plan.request.mode,
    sensor: sensorOf(plan.request),
    sealed: plan.tma.sealed || sealed,
    heldSeconds: heldNs === undefined ? undefined : Math.max(0, Number(heldNs) / 1e9),
  };
}
