// SPDX-License-Identifier: Apache-2.0
// How the words of `galgo run` are understood and its run is told of. That is the command line's to know: it hands this to the daemon.
import type { UsedModel } from "../../orchestrator/index.ts";
import type { RunObserver, RunRequest, RunResult } from "../../orchestrator/run-request.ts";

/** Who asks for a run, and where. */
export interface RunAsked {
  /** Words after `galgo`, the first one is `run`. */
  readonly words: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly uid: number;
  /** Bit n-1 for signal n. */
  readonly ignoredSignals: bigint;
  /** His stderr is a terminal. */
  readonly terminal: boolean;
  /** Writes lines to his stderr. */
  write(text: string): void;
}

/** What only he can look up or open, with his own rights. */
export interface RunFound {
  /** The program file. */
  readonly program: string;
  /** Its signature was checked where the daemon demands one; undefined: no model was asked for. */
  readonly used: UsedModel | undefined;
}

/** A run as the words ask for it. */
export interface UnderstoodRun {
  /** Where the workload's own words begin. */
  readonly commandAt: number;
  /** As it was written; relative to his folder. */
  readonly modelFile: string | undefined;
  /**
   * Tells of the run while it goes on, and how it ended.
   * @param read what was found; its error is told like one of the run
   * @param start runs it; undefined: it is not run here after all, and nothing is told
   * @returns the exit status, undefined with a `start` that gave nothing; never rejects
   */
  run(
    read: () => RunFound,
    start: (request: RunRequest, observer: RunObserver) => Promise<RunResult | undefined>,
  ): Promise<number | undefined>;
}

export interface CommandLine {
  /** The run; or why the client has to do it alone, as it would without a daemon. */
  understand(asked: RunAsked): UnderstoodRun | { readonly alone: string };
}
