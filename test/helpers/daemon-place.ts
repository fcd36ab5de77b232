// SPDX-License-Identifier: Apache-2.0
// A folder with all that a daemon under test has: its sockets, its state, its configuration; and requests for small workloads.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DaemonClient, socketsIn } from "../../src/daemon/client/index.ts";
import {
  type Daemon,
  type DaemonOptions,
  daemonHost,
  startDaemon,
} from "../../src/daemon/index.ts";
import type { ManagedRun, StartOrder } from "../../src/daemon/registry/managed-run.ts";
import { BUILTIN_PROFILES } from "../../src/model/index.ts";
import type { RunRequest } from "../../src/orchestrator/run-request.ts";

const UID = process.getuid?.() ?? -1;

export class DaemonPlace {
  readonly folder: string;
  readonly run: string;
  readonly state: string;
  readonly config: string;

  constructor(folder: string = mkdtempSync(join(tmpdir(), "galgo-daemon-"))) {
    this.folder = folder;
    this.run = join(folder, "run");
    this.state = join(folder, "state");
    this.config = join(folder, "daemon.toml");
  }

  get env(): NodeJS.ProcessEnv {
    return { ...process.env, GALGO_RUN_DIR: this.run, GALGO_STATE_DIR: this.state, NO_COLOR: "1" };
  }

  get client(): DaemonClient {
    return new DaemonClient(socketsIn(this.run).api);
  }

  /** A daemon in this process. */
  start(options: Partial<DaemonOptions> = {}): Promise<Daemon> {
    mkdirSync(this.state, { recursive: true });
    return startDaemon({
      version: "1.2.3",
      env: this.env,
      uid: UID,
      stateRoot: this.state,
      parts: [],
      tell: () => undefined,
      ...options,
    });
  }

  configure(text: string): void {
    writeFileSync(this.config, text);
  }

  request(command: readonly string[], changes: Partial<RunRequest> = {}): RunRequest {
    return {
      command,
      mode: "free",
      onViolation: "observe",
      rules: { mapping: "tsem-v4", digest: "sha256", profile: BUILTIN_PROFILES.portable },
      stateRoot: this.state,
      cwd: "/",
      env: process.env,
      deadlineMs: 10_000,
      onExit: "wait",
      allowWeaker: false,
      ...changes,
    };
  }

  /** Has a daemon of this process launch a workload. */
  launch(
    daemon: Daemon,
    command: readonly string[],
    changes: Partial<RunRequest> = {},
    order: Partial<StartOrder> = {},
  ): ManagedRun {
    return daemon.registry.start({
      request: this.request(command, changes),
      host: daemonHost(daemon.context),
      owner: UID,
      ...order,
    });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
