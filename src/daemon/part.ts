// SPDX-License-Identifier: Apache-2.0
// What a part of the daemon is: doors, containers, outputs, metrics. Started one after the other, ended in the other direction.
import type { ApiExtensions } from "./api/extensions.ts";
import type { DaemonConfig } from "./config/config.ts";
import type { Registry } from "./registry/registry.ts";
import type { DaemonSockets } from "./sockets.ts";

/** What the daemon tells people: one line each. */
export type DaemonWord = "info" | "warning" | "error";

/** What every part gets. */
export interface DaemonContext {
  readonly sockets: DaemonSockets;
  /** As it was read last. */
  readonly config: DaemonConfig;
  /** Where runs are kept, and what parts keep (in folders with a leading dot). */
  readonly stateRoot: string;
  /** Group of the sockets besides the daemon's own user; undefined: none. */
  readonly gid: number | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly registry: Registry;
  /** Parts add their routes and answers here. */
  readonly api: ApiExtensions;
  tell(word: DaemonWord, text: string): void;
}

export interface RunningPart {
  /** The configuration was read again; `context.config` is the new one. Throws with one line when it can not be used: the old one goes on. */
  reload?(): Promise<void>;
  /** After the workloads have ended, unless `closesFirst`. */
  close(): Promise<void>;
  /** A door: closed before the workloads are ended. */
  readonly closesFirst?: boolean;
}

export interface DaemonPart {
  /** For messages. */
  readonly name: string;
  /** @throws an error with one line; the daemon then does not start */
  start(context: DaemonContext): Promise<RunningPart>;
}
