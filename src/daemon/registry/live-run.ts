// SPDX-License-Identifier: Apache-2.0
// A run in the daemon, from the order to its end.
import type { SecurityPoint } from "../../model/runtime/index.ts";
import type { AttestedRun } from "../../orchestrator/attest/index.ts";
import { enforces, membersOf, runWorkload } from "../../orchestrator/index.ts";
import type { ViolationReport } from "../../orchestrator/namespace/namespace-types.ts";
import type { RunPlan } from "../../orchestrator/plan.ts";
import type { RunRecord } from "../../orchestrator/run-record.ts";
import type { RunResult } from "../../orchestrator/run-request.ts";
import type { NamespaceOrder } from "../../orchestrator/worker-protocol.ts";
import type { RunDirectory } from "../../orchestrator/state-dir.ts";
import type { WorkloadOrigin, WorkloadStatus } from "../api/types.ts";
import { ApiError } from "../errors.ts";
import type { AttestedParts, ManagedRun, StartOrder } from "./managed-run.ts";
import { modelText } from "./model-text.ts";
import { StatusReader } from "./status.ts";
import { WatchedHost } from "./watched-host.ts";

/** What the registry hears of a run. */
export interface RunEvents {
  onStarted(run: ManagedRun): void;
  onViolation(run: ManagedRun, violation: ViolationReport): void;
  onNotice(run: ManagedRun, text: string): void;
}

interface Begun {
  readonly directory: RunDirectory;
  readonly plan: RunPlan;
  /** Not read from its file again: the workload may be able to write there. */
  readonly record: RunRecord;
  readonly status: StatusReader;
}

export class LiveRun implements ManagedRun {
  readonly owner: number;
  readonly started: Promise<void>;
  readonly ended: Promise<RunResult>;
  readonly #order: StartOrder;
  readonly #host: WatchedHost;
  #begun: Begun | undefined;

  constructor(order: StartOrder, events: RunEvents) {
    this.#order = order;
    this.#host = new WatchedHost(order.host);
    this.owner = order.owner;
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    this.ended = this.#run(events, begin);
    // a run that fails before it begins never begins
    this.started = Promise.race([begun, this.ended.then(() => undefined)]);
    // whoever wants to know asks
    this.started.catch(() => undefined);
    this.ended.catch(() => undefined);
  }

  get id(): string {
    return this.#begun?.directory.runId ?? "";
  }

  get name(): string {
    return this.#begun?.directory.name ?? "";
  }

  get origin(): WorkloadOrigin {
    const { origin, request } = this.#order;
    if (origin !== undefined) return origin;
    const attach = request.bpf?.attach;
    if (attach !== undefined) return { kind: "attached", ...attach };
    return { kind: "command", pid: this.#host.pid, command: request.command };
  }

  get directory(): RunDirectory {
    return this.#required().directory;
  }

  get plan(): RunPlan {
    return this.#required().plan;
  }

  get pids(): readonly number[] {
    const attach = this.#begun?.plan.request.bpf?.attach;
    if (attach !== undefined) return membersOf(attach);
    return this.#host.pids;
  }

  get heartbeat(): SharedArrayBuffer {
    return this.#host.heartbeat;
  }

  status(): WorkloadStatus {
    return this.#required().status.read();
  }

  attested(): AttestedParts {
    const { plan, record } = this.#required();
    const host = this.#host;
    const run: AttestedRun = {
      plan,
      owner: this.owner,
      record,
      features: () => host.features,
      enforced: () => host.carriedOut.enforced === true,
      detected: () => host.carriedOut.enforced === false,
      serving: () => host.serving && !host.failed,
    };
    return { run, mirror: host.namespace };
  }

  points(): readonly SecurityPoint[] {
    return this.#host.mirror?.points() ?? [];
  }

  model(): string {
    return modelText(this.plan, this.points(), this.status(), this.#host.carriedOut);
  }

  control(order: NamespaceOrder): Promise<void> {
    return this.#host.control(order);
  }

  kill(reason: string): void {
    this.#host.kill(reason);
  }

  ask(): void {
    this.#host.ask();
  }

  leave(reason: string): boolean {
    const { request } = this.#order;
    if (request.bpf?.attach === undefined || !enforces(request)) return false;
    this.#host.leave(reason);
    return true;
  }

  async #run(events: RunEvents, begin: () => void): Promise<RunResult> {
    const { request, observer } = this.#order;
    try {
      return await runWorkload(
        request,
        {
          onStart: (directory, plan, record) => {
            const status = new StatusReader(this, this.#host, new Date());
            this.#begun = { directory, plan, record, status };
            events.onStarted(this);
            observer?.onStart?.(directory, plan, record);
            begin();
          },
          onViolation: (violation, directory) => {
            events.onViolation(this, violation);
            observer?.onViolation?.(violation, directory);
          },
          onAnomaly: (anomaly, directory) => observer?.onAnomaly?.(anomaly, directory),
          onNotice: (text) => {
            events.onNotice(this, text);
            observer?.onNotice?.(text);
          },
        },
        this.#host,
      );
    } finally {
      this.#host.close();
    }
  }

  #required(): Begun {
    if (this.#begun === undefined) throw tooEarly();
    return this.#begun;
  }
}

function tooEarly(): ApiError {
  return new ApiError("CONFLICT", "the workload has not started yet");
}
