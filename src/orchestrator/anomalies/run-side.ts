// SPDX-License-Identifier: Apache-2.0
// What a run does about anomalies, from its beginning to its end: the agent that finds some, the responder, the door for a person's decision.
import { setImmediate as turn } from "node:timers/promises";
import type { MessagePort } from "node:worker_threads";
import type { RunningAgent } from "../agent/agent.ts";
import type { FeedLink } from "../agent/feed.ts";
import type { CgroupHandle, NoCgroup } from "../cgroup.ts";
import { RunError } from "../errors.ts";
import type { RunDoor } from "../run-door.ts";
import type { RunObserver, RunRequest } from "../run-request.ts";
import type { AnomalyReport } from "../sequences/anomaly.ts";
import type { RunDirectory } from "../state-dir.ts";
import { newDistrustBuffer } from "./distrust.ts";
import { noFreezer } from "./freezer.ts";
import type { AnomalyPolicy } from "./policy.ts";
import type { Anomaly } from "./report.ts";
import { Responder } from "./responder.ts";

/** What the run does for it. */
export interface RunHands {
  /** @param failure the run can not succeed any more */
  kill(reason: string, failure?: RunError): void;
}

/** The workload, as far as it matters here. */
export interface Responded {
  readonly drained: Promise<unknown>;
  readonly features: readonly string[];
}

export class RunResponses {
  readonly distrust: SharedArrayBuffer | undefined;
  readonly #policy: AnomalyPolicy;
  readonly #request: RunRequest;
  readonly #directory: RunDirectory;
  readonly #observer: RunObserver;
  readonly #hands: RunHands;
  #agent: RunningAgent | undefined;
  #responder: Responder | undefined;
  #door: RunDoor | undefined;
  #groupPath: string | undefined;

  constructor(
    request: RunRequest,
    directory: RunDirectory,
    observer: RunObserver,
    hands: RunHands,
  ) {
    this.#request = request;
    this.#policy = request.onAnomaly ?? { action: "observe" };
    this.#directory = directory;
    this.#observer = observer;
    this.#hands = hands;
    this.distrust = this.#policy.action === "untrusted" ? newDistrustBuffer() : undefined;
  }

  /** Starts the agent, if there is to be one. @throws RunError NO_AGENT */
  async open(): Promise<void> {
    const { agent: request } = this.#request;
    if (request === undefined) return;
    const { startAgent } = await import("../agent/agent.ts");
    this.#agent = await startAgent({
      request,
      path: this.#directory.agent,
      onAnomaly: (anomaly) => {
        this.#observer.onAgentFinding?.(anomaly, this.#directory);
        this.#responder?.found(anomaly);
      },
      onNotice: (text) => this.#observer.onNotice?.(text),
      onFailed: (error) => this.#agentFailed(error),
    });
  }

  /** For the thread that decides. */
  get feed(): FeedLink | undefined {
    return this.#agent?.link;
  }

  get transfer(): readonly MessagePort[] {
    return this.#agent?.transfer ?? [];
  }

  /** Nothing has been launched. @throws RunError NO_FREEZER */
  requireGroup(group: CgroupHandle | NoCgroup): void {
    if (this.#policy.action !== "freeze") return;
    const why = "unavailable" in group ? group.unavailable : noFreezer(group.path);
    if (why !== undefined || "unavailable" in group) throw noFreezing(why ?? "");
    this.#groupPath = group.path;
  }

  /** The workload is held before its first instruction. @throws RunError NO_FREEZER, NO_DECISION */
  async begin({ drained, features }: Responded): Promise<void> {
    const freezes = this.#policy.action === "freeze";
    if (freezes && !features.includes("cgroup"))
      throw noFreezing("the workload could not be put into its cgroup");
    if (this.#policy.action === "observe") return;
    const responder = new Responder({
      name: this.#directory.name,
      policy: this.#policy,
      path: this.#directory.responses,
      group: this.#groupPath,
      distrust: this.distrust ?? newDistrustBuffer(),
      kill: (reason) => this.#hands.kill(reason),
      gone: drained.catch(() => undefined),
      notice: (text) => this.#observer.onNotice?.(text),
      failed: (error) => {
        this.#fail(`what was to be done about an anomaly failed: ${error.message}`);
      },
    });
    this.#responder = responder;
    if (!freezes) return;
    const { serveDecisions } = await import("./respond-socket.ts");
    this.#door = await serveDecisions(this.#directory.path, responder);
  }

  /** Found by the thread that decides. */
  found(report: AnomalyReport): void {
    this.#observer.onAnomaly?.(report, this.#directory);
    this.#responder?.found(anomalyOf(report));
  }

  /** The workload is gone. @param killed why, where it was */
  async finish(killed: string | undefined): Promise<void> {
    await this.#agent?.finish();
    await this.#responder?.close(killed);
    // whoever has decided gets his answer
    await turn();
  }

  async close(): Promise<void> {
    this.#door?.close();
    await this.#agent?.close();
  }

  /** Where something was to be done about what it finds, a workload that is not looked at ends. */
  #agentFailed(error: Error): void {
    if (this.#policy.action === "observe")
      this.#observer.onNotice?.(`${error.message}; the run goes on without it`);
    else this.#fail(error.message);
  }

  #fail(message: string): void {
    this.#hands.kill(message, new RunError("NO_AGENT", message));
  }
}

function anomalyOf({ number, stream, kind, pid, taskId, at, event }: AnomalyReport): Anomaly {
  const who = stream === "workload" ? "the workload as a whole" : `process ${pid}`;
  const words =
    kind === "alarm"
      ? `${who} does what it may in a strange order (event ${event})`
      : `${who} was strange in all of its ${event} events`;
  return {
    ...{ agent: "sequence", number, stream, kind, at, words },
    ...(pid === undefined ? {} : { pid }),
    ...(taskId === undefined ? {} : { taskId }),
  };
}

function noFreezing(why: string): RunError {
  return new RunError(
    "NO_FREEZER",
    `--on-anomaly freeze: nothing can be frozen here: ${why}; use untrusted or kill`,
  );
}
