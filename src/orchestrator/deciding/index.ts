// SPDX-License-Identifier: Apache-2.0
// Threads that decide for many workloads each.
export {
  createDecisionThreads,
  type DecidingPlace,
  type DecisionThreads,
  type DecisionThreadsOptions,
  type Patience,
} from "./decision-threads.ts";
