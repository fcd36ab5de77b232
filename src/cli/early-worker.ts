// SPDX-License-Identifier: Apache-2.0
// Imported first: `run` and `learn` need the worker thread, which takes as long to start as all the rest.
import { startWorkerEarly } from "../orchestrator/thread/index.ts";

const WITH_WORKER = new Set(["run", "learn"]);

if (WITH_WORKER.has(process.argv[2] ?? "") && !process.argv.includes("--help")) startWorkerEarly();
