// SPDX-License-Identifier: Apache-2.0
// Trusted Modeling Agents: the interface, and the one that runs in the asking thread.
export type { Assessment, TrustedModelingAgent } from "./agent.ts";
export { createInProcessTma, emptyModel, type InProcessTma, type TmaSpec } from "./in-process.ts";
export { nodeHasher } from "./node-hasher.ts";
