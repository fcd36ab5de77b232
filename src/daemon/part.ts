// SPDX-License-Identifier: Apache-2.0
// What a part of the daemon is: doors, containers, outputs, metrics. Started one after the other, ended in the other direction.
import type { SignatureRequirement } from "../orchestrator/index.ts";
import type { RunHost } from "../orchestrator/run-host.ts";
import type { ApiExtensions } from "./api/extensions.ts";
import type { DaemonConfig } from "./config/config.ts";
import type { Registry } from "./registry/registry.ts";
import type { WorkloadEntry } from "./registry/workload-files.ts";
import type { DaemonSockets } from "./sockets.ts";

/** What the daemon tells people: one line each. */
export type DaemonWord = "info" | "warning" | "error";

/** What every part gets. */
export interface DaemonContext {
  readonly version: string;
  readonly sockets: DaemonSockets;
  /** As it was read last. */
  readonly config: DaemonConfig;
  /** Whose signature every model has to carry; undefined: none is demanded. As it was read last, with its keys and policy. */
  readonly requirement: SignatureRequirement | undefined;
  /** Where runs are kept. */
  readonly stateRoot: string;
  /** Folder of what the daemon keeps for itself, in the state directory; made when it starts. */
  readonly keptRoot: string;
  /** Folder of the models that containers are given by name. */
  readonly models: string;
  /** Group of the sockets besides the daemon's own user; undefined: none. */
  readonly gid: number | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly registry: Registry;
  /** For hosts (`daemonHost`): a place in the daemon's threads that decide. */
  readonly startWorker: RunHost["startWorker"];
  /** Parts add their answers here. */
  readonly api: ApiExtensions;
  tell(word: DaemonWord, text: string): void;
}

export interface RunningPart {
  /**
   * The configuration was read again and `context.config` is the new one; `check` of all parts has succeeded.
   * @throws an error with one line when the part can not do what it says; what it does instead is in the line
   */
  reload?(): Promise<void>;
  /**
   * A workload that ran under a daemon which was killed. A part that knows its kind deals with it,
   * with its run.json too where the run does not go on (`bury`).
   * @returns one sentence on what has become of it; undefined: it is none of this part
   */
  recover?(entry: WorkloadEntry): Promise<string | undefined>;
  /** Doors: no more workloads come in. Called before the workloads are ended. */
  closeDoors?(): void;
  /** After the workloads have ended. */
  close(): Promise<void>;
}

export interface DaemonPart {
  /** For messages. */
  readonly name: string;
  /** Refuses a configuration before anything is changed. @throws DaemonError BAD_CONFIG, one line */
  check?(config: DaemonConfig): void;
  /** @throws an error with one line; the daemon then does not start */
  start(context: DaemonContext): Promise<RunningPart>;
}
