// SPDX-License-Identifier: Apache-2.0
// Entry of the `galgo` command. `run` and `learn` need the worker thread, which takes as long to start as all the rest: it is
// started before the rest is loaded.
import { startWorkerEarly } from "../orchestrator/thread/index.ts";

const WITH_WORKER = new Set(["run", "learn"]);

const { argv } = process;
const early =
  WITH_WORKER.has(argv[2] ?? "") && !argv.includes("--help") ? startWorkerEarly() : undefined;
void import("./main.ts").then(({ main }) => main(argv, early));
