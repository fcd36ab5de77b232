// SPDX-License-Identifier: Apache-2.0
// Carries out what a run does about anomalies, and what a person decides about a frozen workload. In the main thread, beside those who decide.
import { appendFileSync } from "node:fs";
import { RecordFileError, RunError } from "../errors.ts";
import { freezeGroup, thawGroup } from "./freezer.ts";
import { DistrustWriter } from "./distrust.ts";
import { type AnomalyPolicy, anomalyPolicyText } from "./policy.ts";
import type { Anomaly, ResponseRecord } from "./report.ts";

/** What a person can decide. */
export type Decision = "thaw" | "kill";

/** Responses of one run that are written down; later ones are carried out all the same. */
const MAX_RESPONSES = 10_000;

export interface ResponderParts {
  /** Of the workload. */
  readonly name: string;
  readonly policy: AnomalyPolicy;
  /** Where responses are written down. */
  readonly path: string;
  /** Folder of the workload's cgroup, where it has one. */
  readonly group: string | undefined;
  readonly distrust: SharedArrayBuffer;
  /** Ends the workload. */
  kill(reason: string): void;
  /** Settles when no process of the workload is left. */
  readonly gone: Promise<unknown>;
  notice(text: string): void;
  /** What was ordered can not be carried out, or not be written down. */
  failed(error: Error): void;
}

/** Who has ordered something, and when (ms since 1970). */
interface Order {
  readonly by: ResponseRecord["by"];
  readonly detail?: string;
  readonly from: number;
  readonly ordered: number;
}

interface Frozen {
  readonly anomaly: Anomaly;
  readonly timer: NodeJS.Timeout;
}

export class Responder {
  readonly #parts: ResponderParts;
  readonly #distrust: DistrustWriter;
  #frozen: Frozen | undefined;
  /** What a person has let pass last. */
  #thawed: Anomaly | undefined;
  #killing: Anomaly | undefined;
  /** One thing after the other. */
  #work: Promise<void> = Promise.resolve();
  #written = 0;
  #closed = false;

  constructor(parts: ResponderParts) {
    this.#parts = parts;
    this.#distrust = new DistrustWriter(parts.distrust);
  }

  /** An anomaly was found. */
  found(anomaly: Anomaly): void {
    const { action } = this.#parts.policy;
    if (action === "observe") return;
    const order: Order = { by: "policy", from: anomaly.at, ordered: now() };
    const ended = endedWith(anomaly, action);
    if (ended !== undefined) {
      void this.#queue(async () => this.#write(anomaly, "none", { ...order, detail: ended }));
      return;
    }
    if (action === "untrusted") void this.#queue(async () => this.#distrusts(anomaly, order));
    else if (action === "kill") this.#kill(anomaly, order);
    else void this.#queue(() => this.#freeze(anomaly, order));
  }

  /**
   * A person has decided about a frozen workload; `kill` also ends one that is not.
   * @returns what became of it, in words @throws RunError BAD_OPTION: there is nothing to be thawed
   */
  async decide(decision: Decision, person: string): Promise<string> {
    // a freeze that is under way comes first
    await this.#work;
    const [frozen, at] = [this.#frozen, now()];
    const order: Order = { by: "person", detail: person, from: at, ordered: at };
    if (decision === "kill") {
      this.#kill(frozen?.anomaly ?? this.#thawed, order);
      await this.#parts.gone;
      return `is dead, after ${Math.round(now() - at)} ms`;
    }
    if (frozen === undefined)
      throw new RunError("BAD_OPTION", "the workload is not frozen: there is nothing to be thawed");
    await this.#queue(() => this.#thaw(frozen.anomaly, order));
    return `goes on, after ${Math.round(now() - at)} ms`;
  }

  /** It is frozen, and waits for a person. */
  get frozen(): boolean {
    return this.#frozen !== undefined;
  }

  /** The workload is gone. Settles when all is written down. @param killed why, where somebody has killed it */
  async close(killed: string | undefined): Promise<void> {
    const frozen = this.#frozen;
    clearTimeout(frozen?.timer);
    this.#frozen = undefined;
    // by another door than ours: the API, a fleet, a signal
    if (frozen !== undefined) {
      const order: Order = {
        by: "person",
        detail: killed ?? "it is gone",
        from: now(),
        ordered: now(),
      };
      void this.#queue(async () => this.#write(frozen.anomaly, "kill", order));
    }
    this.#closed = true;
    await this.#work;
  }

  #distrusts(anomaly: Anomaly, order: Order): void {
    const { stream, pid, taskId } = anomaly;
    if (stream === "workload" || pid === undefined || taskId === undefined) this.#distrust.all();
    else this.#distrust.add(pid, taskId);
    this.#write(anomaly, "untrusted", order);
    const who = stream === "workload" ? "the workload" : `process ${pid}`;
    this.#parts.notice(`${who} is not trusted any more: ${anomaly.words}`);
  }

  async #freeze(anomaly: Anomaly, order: Order): Promise<void> {
    const { policy, group, name, notice } = this.#parts;
    if (policy.action !== "freeze" || group === undefined) return;
    if (this.#killing !== undefined || this.#closed) return;
    if (this.#frozen !== undefined) {
      this.#write(anomaly, "none", { ...order, detail: "it is frozen already" });
      return;
    }
    const timer = setTimeout(() => this.#limit(), policy.limitMs);
    this.#frozen = { anomaly, timer };
    const allStopped = await freezeGroup(group);
    this.#write(anomaly, "freeze", {
      ...order,
      ...(allStopped ? {} : { detail: "some tasks had not stopped after 2 s" }),
    });
    const then = policy.afterwards === "kill" ? "it is killed" : "it goes on";
    notice(
      `the workload is frozen: ${anomaly.words}; galgo thaw ${name} or galgo kill ${name} decides, else ${then} after ${policy.limitMs / 1_000} s`,
    );
  }

  /** Nobody has decided in time. */
  #limit(): void {
    const frozen = this.#frozen;
    const { policy } = this.#parts;
    if (frozen === undefined || policy.action !== "freeze") return;
    const at = now();
    const order: Order = { by: "limit", from: at, ordered: at, detail: anomalyPolicyText(policy) };
    if (policy.afterwards === "thaw") void this.#queue(() => this.#thaw(frozen.anomaly, order));
    else this.#kill(frozen.anomaly, order);
  }

  async #thaw(anomaly: Anomaly, order: Order): Promise<void> {
    const { group, notice } = this.#parts;
    if (this.#frozen === undefined || group === undefined) return;
    clearTimeout(this.#frozen.timer);
    this.#frozen = undefined;
    this.#thawed = anomaly;
    await thawGroup(group);
    this.#write(anomaly, "thaw", order);
    notice(`the workload goes on: ${order.detail ?? "thawed"}`);
  }

  /** @param anomaly undefined: a person wants it dead whatever was found */
  #kill(anomaly: Anomaly | undefined, order: Order): void {
    if (this.#killing !== undefined || this.#closed) return;
    clearTimeout(this.#frozen?.timer);
    this.#frozen = undefined;
    const reason = anomaly === undefined ? "asked for" : anomaly.words;
    const who = order.by === "person" ? `${order.detail ?? "a person"} has decided: ` : "";
    this.#parts.kill(`${who}${reason}`);
    if (anomaly === undefined) return;
    this.#killing = anomaly;
    void this.#queue(async () => {
      await this.#parts.gone;
      this.#write(anomaly, "kill", order);
    });
  }

  #write(anomaly: Anomaly, action: ResponseRecord["action"], order: Order): void {
    if (this.#written++ >= MAX_RESPONSES) return;
    const effective = now();
    const { by, detail, from, ordered } = order;
    const record: ResponseRecord = {
      agent: anomaly.agent,
      anomaly: anomaly.number,
      action,
      by,
      ...(detail === undefined ? {} : { detail }),
      event: iso(anomaly.at),
      ordered: iso(ordered),
      effective: iso(effective),
      tookMs: Math.round((effective - from) * 1_000) / 1_000,
    };
    try {
      appendFileSync(this.#parts.path, `${JSON.stringify(record)}\n`, { mode: 0o600 });
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
      throw new RecordFileError("WRITE_FAILED", `a response can not be written down (${code})`, {
        cause,
      });
    }
  }

  #queue(work: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(work).catch((error: unknown) => {
      // what was ordered did not happen: nothing of it may go on as if it had
      this.#parts.failed(error instanceof Error ? error : new Error(String(error)));
    });
    return this.#work;
  }
}

/** What is there no more to do it to; undefined: it is there. */
function endedWith({ stream, kind }: Anomaly, action: AnomalyPolicy["action"]): string | undefined {
  if (kind !== "verdict") return undefined;
  if (stream === "workload") return "the workload has ended";
  return action === "untrusted" ? "the process has ended" : undefined;
}

/** Milliseconds since 1970, finer than the clock's; comparable between threads. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
