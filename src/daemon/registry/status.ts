// SPDX-License-Identifier: Apache-2.0
// What is said of a workload while it runs. Nothing here asks the thread that decides.
import { modelDigest } from "../../model/index.ts";
import { fidelityOf, sensorOf } from "../../orchestrator/index.ts";
import { type Pulse, readLatency, readPulse } from "../../orchestrator/live/index.ts";
import { nodeHasher } from "../../tma/index.ts";
import type { LatencyStatus, WorkloadCounts, WorkloadStatus } from "../api/types.ts";
import type { ManagedRun } from "./managed-run.ts";
import type { WatchedHost } from "./watched-host.ts";

export class StatusReader {
  readonly #run: ManagedRun;
  readonly #host: WatchedHost;
  readonly #started: string;
  /** State and measurement of so many points: they are computed anew only when there are more. */
  #values = { points: -1, state: "", measurement: "" };
  #model: WorkloadStatus["model"] | undefined;

  constructor(run: ManagedRun, host: WatchedHost, started: Date) {
    this.#run = run;
    this.#host = host;
    this.#started = started.toISOString();
  }

  read(): WorkloadStatus {
    const run = this.#run;
    const { request, tma } = run.plan;
    const pulse = readPulse(this.#host.heartbeat);
    const counts = countsOf(pulse, this.#host.points);
    const { state, measurement } = this.#valuesOf(counts.points);
    const model = this.#modelOf();
    const sealed = tma.sealed || pulse.sealed;
    const enforced = sealed && this.#host.carriedOut.enforced === true;
    return {
      id: run.id,
      name: run.name,
      mode: enforced ? "enforce" : request.mode,
      sealed,
      onViolation: enforced ? "deny" : request.onViolation,
      sensor: sensorOf(request),
      fidelity: fidelityOf(request, this.#host.features),
      started: this.#started,
      status: this.#phase(),
      origin: run.origin,
      owner: run.owner,
      counts,
      held: pulse.busySince !== 0n,
      latency: latencyOf(this.#host.heartbeat),
      state,
      measurement,
      ...(model === undefined ? {} : { model }),
      directory: run.directory.path,
    };
  }

  #phase(): WorkloadStatus["status"] {
    if (this.#host.ending) return "ending";
    return this.#host.serving ? "running" : "starting";
  }

  #valuesOf(points: number): { readonly state: string; readonly measurement: string } {
    const { mirror } = this.#host;
    if (mirror !== undefined && this.#values.points !== points) {
      this.#values = { points, state: mirror.state(), measurement: mirror.measurement() };
    }
    return this.#values;
  }

  #modelOf(): WorkloadStatus["model"] | undefined {
    const { request, model } = this.#run.plan;
    if (model === undefined) return undefined;
    this.#model ??= {
      file: request.modelFile ?? "",
      name: model.metadata.name,
      digest: modelDigest(model, nodeHasher(model.spec.digest)),
    };
    return this.#model;
  }
}

function countsOf(pulse: Pulse, points: number): WorkloadCounts {
  return {
    events: Number(pulse.events),
    points,
    trajectory: Number(pulse.extended),
    violations: Number(pulse.violations),
    refused: Number(pulse.refused),
    lost: Number(pulse.lost),
  };
}

function latencyOf(heartbeat: SharedArrayBuffer): LatencyStatus {
  const { count, medianUs, p99Us, maxUs, histogram } = readLatency(heartbeat);
  return {
    count,
    p50Us: medianUs,
    p99Us,
    maxUs,
    ...(histogram === undefined ? {} : { histogram }),
  };
}
