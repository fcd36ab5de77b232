// SPDX-License-Identifier: Apache-2.0
// Runs in this process whose decisions are made in threads that they share, as a daemon has them.
import { mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createDecisionThreads,
  type DecidingPlace,
  type DecisionThreads,
  type DecisionThreadsOptions,
} from "../../src/orchestrator/deciding/index.ts";
import {
  createMirror,
  type Mirror,
  newHeartbeatBuffer,
  openLivePoints,
  type Pulse,
  readPulse,
} from "../../src/orchestrator/live/index.ts";
import { ownProcessHost } from "../../src/orchestrator/run-host.ts";
import type { RunRequest, RunResult } from "../../src/orchestrator/run-request.ts";
import { runWorkload } from "../../src/orchestrator/run.ts";
import { BUILTIN_PROFILES } from "../../src/model/runtime/index.ts";
import { buildLaunchers } from "./built.ts";

/** A run that goes on. */
export interface SharedRun {
  /** Settles when its calls are served. */
  readonly serving: Promise<DecidingPlace>;
  readonly ended: Promise<RunResult>;
  readonly notices: string[];
  readonly violations: string[];
  /** What is known of it in this thread. */
  pulse(): Pulse;
  kill(): void;
  mirror(): Mirror;
}

/** Threads, and a folder of runs with the files `one` and `two`; `close` removes all of it. */
export class SharedThreads {
  readonly threads: DecisionThreads;
  readonly folder: string;

  readonly #runs: Promise<unknown>[] = [];
  readonly #mirrors: Mirror[] = [];

  constructor(options?: DecisionThreadsOptions) {
    buildLaunchers();
    this.threads = createDecisionThreads(options);
    this.folder = mkdtempSync(join(tmpdir(), "galgo-shared-"));
    writeFileSync(this.path("one"), "1");
    writeFileSync(this.path("two"), "2");
  }

  async close(): Promise<void> {
    this.stop();
    await Promise.allSettled(this.#runs);
    for (const mirror of this.#mirrors) mirror.close();
    await this.threads.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Ends those that wait for it. */
  stop(): void {
    writeFileSync(this.path("stop"), "");
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Without another `stop` from before. */
  run(command: readonly string[], request: Partial<RunRequest> = {}): SharedRun {
    rmSync(this.path("stop"), { force: true });
    const notices: string[] = [];
    const violations: string[] = [];
    let heartbeat = newHeartbeatBuffer();
    let mirror: Mirror | undefined;
    let kill = (): void => undefined;
    let served: (place: DecidingPlace) => void = () => undefined;
    const serving = new Promise<DecidingPlace>((resolve) => {
      served = resolve;
    });
    const output = openSync("/dev/null", "r+");
    const ended = runWorkload(
      {
        command,
        mode: "free",
        onViolation: "deny",
        rules: { mapping: "tsem-v4", digest: "sha256", profile: BUILTIN_PROFILES.portable },
        name: `w${notices.length}`,
        stateRoot: this.path("state"),
        cwd: this.folder,
        env: { PATH: "/usr/bin:/bin" },
        deadlineMs: 20_000,
        onExit: "kill",
        allowWeaker: false,
        stdio: [output, output, output],
        ...request,
      },
      {
        onNotice: (text) => void notices.push(text),
        onViolation: ({ words }) => void violations.push(words),
      },
      {
        ...ownProcessHost(),
        attend: (receiver) => {
          kill = () => receiver.kill("it was ordered");
          return () => undefined;
        },
        startWorker: async (setup, callbacks) => {
          heartbeat = setup.heartbeat;
          const { points, link, transfer } = openLivePoints(setup.tma);
          mirror = createMirror({ ...setup, points });
          this.#mirrors.push(mirror);
          const place = await this.threads.open({ ...setup, shared: link }, callbacks, transfer);
          const serve: DecidingPlace["serve"] = async (order) => {
            const features = await place.serve(order);
            served(place);
            return features;
          };
          return { ...place, serve };
        },
      },
    );
    this.#runs.push(ended);
    return {
      serving,
      ended,
      notices,
      violations,
      pulse: () => readPulse(heartbeat),
      kill: () => kill(),
      mirror: () => defined(mirror),
    };
  }
}

function defined<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("the run has not begun");
  return value;
}
