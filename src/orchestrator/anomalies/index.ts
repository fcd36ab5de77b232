// SPDX-License-Identifier: Apache-2.0
// What a run is to do about anomalies, as it is written. Nothing behind this door does anything.
export { type AgentRequest, parseAgent } from "../agent/request.ts";
export { type AnomalyPolicy, parseAnomalyPolicy } from "./policy.ts";
