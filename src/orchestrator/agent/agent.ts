// SPDX-License-Identifier: Apache-2.0
// An agent of a run, in a thread of its own: started before the workload, heard while it runs, waited for when it has ended.
import { appendFileSync } from "node:fs";
import { MessageChannel, type MessagePort, type Worker } from "node:worker_threads";
import { siblingModule, startThread } from "../../native/start-thread.ts";
import type { Anomaly } from "../anomalies/report.ts";
import { RunError } from "../errors.ts";
import { type FeedLink, leftOutOf, newFeedMemory } from "./feed.ts";
import type { AgentFinding, AgentMessage, AgentSetup } from "./protocol.ts";
import type { AgentRequest } from "./request.ts";

/** Time that an agent gets at the end for windows that wait (ms). */
const END_MS = 10_000;
/** Findings of a run that are written down. */
const MAX_FINDINGS = 10_000;

export interface AgentParts {
  readonly request: AgentRequest;
  /** Where findings are written down (JSON lines). */
  readonly path: string;
  onAnomaly(anomaly: Anomaly): void;
  onNotice(text: string): void;
  /** It can not go on: what happens now is judged by nobody. */
  onFailed(error: Error): void;
}

export interface RunningAgent {
  /** For the thread that decides. */
  readonly link: FeedLink;
  /** To be transferred with it. */
  readonly transfer: readonly MessagePort[];
  /** The workload has ended: waits for what is still to be judged. */
  finish(): Promise<void>;
  close(): Promise<void>;
}

/** @throws RunError NO_AGENT: onnxruntime-node is not installed, or the model can not be used */
export async function startAgent(parts: AgentParts): Promise<RunningAgent> {
  const { port1, port2 } = new MessageChannel();
  const memory = newFeedMemory();
  const { file, threshold } = parts.request;
  const setup: AgentSetup = { file, threshold, port: port1, memory };
  const thread = startThread(siblingModule(import.meta.url, "agent-child"), {
    workerData: setup,
    transferList: [port1],
  });
  const talk = new AgentTalk(parts, thread);
  try {
    await talk.ready;
  } catch (error) {
    await thread.terminate();
    port2.close();
    throw error;
  }
  return {
    link: { port: port2, memory },
    transfer: [port2],
    finish: async () => {
      await talk.finish();
      const leftOut = leftOutOf(memory);
      if (leftOut === 0) return;
      parts.onNotice(`the agent was too slow: ${leftOut} events were not judged by it`);
    },
    close: async () => {
      talk.closed = true;
      await thread.terminate();
    },
  };
}

class AgentTalk {
  readonly ready: Promise<void>;
  closed = false;
  readonly #parts: AgentParts;
  readonly #ended: Promise<void>;
  #isReady = false;
  #number = 0;
  #written = true;

  constructor(parts: AgentParts, thread: Worker) {
    this.#parts = parts;
    let end: () => void = () => undefined;
    this.#ended = new Promise((resolve) => {
      end = resolve;
    });
    this.ready = new Promise((resolve, reject) => {
      const fail = (message: string): void => {
        end();
        const error = new RunError("NO_AGENT", message);
        if (!this.#isReady) reject(error);
        else if (!this.closed) parts.onFailed(error);
      };
      thread.on("message", (message: AgentMessage) => {
        if (message.type === "ready") {
          this.#isReady = true;
          resolve();
        } else if (message.type === "finding") this.#found(message.finding);
        else if (message.type === "failed") fail(message.message);
        else {
          this.closed = true;
          end();
        }
      });
      thread.on("error", (error) => fail(`--agent: its thread has failed: ${error.message}`));
      thread.on("exit", () => fail("--agent: its thread has ended"));
    });
    // whoever closes it earlier does not ask
    this.ready.catch(() => undefined);
  }

  async finish(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(() => resolve("late"), END_MS);
    });
    const how = await Promise.race([this.#ended, late]);
    clearTimeout(timer);
    if (how === "late")
      this.#parts.onNotice(`the agent did not come to its end within ${END_MS / 1_000} s`);
  }

  #found(finding: AgentFinding): void {
    this.#number += 1;
    const number = this.#number;
    const { stream, pid, taskId, at, score } = finding;
    const who = stream === "workload" ? "the workload" : `process ${pid}`;
    const { threshold } = this.#parts.request;
    const words = `the agent gives ${who} a score of ${shown(score)}, at least ${shown(threshold)}`;
    this.#write({ number, ...finding, at: new Date(at).toISOString() });
    this.#parts.onAnomaly({
      ...{ agent: "onnx", number, stream, kind: "alarm", at, words },
      ...(pid === undefined ? {} : { pid }),
      ...(taskId === undefined ? {} : { taskId }),
    });
  }

  #write(line: object): void {
    if (!this.#written || this.#number > MAX_FINDINGS) return;
    try {
      appendFileSync(this.#parts.path, `${JSON.stringify(line)}\n`, { mode: 0o600 });
    } catch (error) {
      this.#written = false;
      const code = (error as NodeJS.ErrnoException).code ?? String(error);
      this.#parts.onFailed(
        new RunError("NO_AGENT", `--agent: findings can not be written down (${code})`),
      );
    }
  }
}

function shown(score: number): string {
  return String(Number(score.toPrecision(3)));
}
