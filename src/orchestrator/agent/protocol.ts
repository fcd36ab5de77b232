// SPDX-License-Identifier: Apache-2.0
// What the main thread and the thread of an agent say to each other.
import type { MessagePort } from "node:worker_threads";

/** What the thread is started with. */
export interface AgentSetup {
  readonly file: string;
  readonly threshold: number;
  /** Where names of streams come from; closed when nothing more comes. */
  readonly port: MessagePort;
  readonly memory: SharedArrayBuffer;
}

/** A window that was found strange. */
export interface AgentFinding {
  readonly stream: "process" | "workload";
  readonly pid?: number;
  readonly taskId?: string;
  readonly window: number;
  readonly at: number;
  readonly score: number;
  /** By name; those that are 0 are left out. */
  readonly features: Readonly<Record<string, number>>;
}

export type AgentMessage =
  /** The model can be used. */
  | { readonly type: "ready" }
  | { readonly type: "finding"; readonly finding: AgentFinding }
  /** It can not be used (any more). `code`: the package is missing, or it is the file. */
  | { readonly type: "failed"; readonly message: string; readonly missing?: boolean }
  /** All windows that were sent have been judged. */
  | { readonly type: "ended" };
