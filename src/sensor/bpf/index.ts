// SPDX-License-Identifier: Apache-2.0
// The sensor of BPF programs in the kernel.
export { BpfAgent, type AgentPlace, openNamespaceView } from "./agent.ts";
export { findBtfFunction } from "./btf.ts";
export { programHooks } from "./built.ts";
export { createDecoder } from "./decoder.ts";
export { bpfFidelity, DECIDES_ATOMIC } from "./fidelity.ts";
export { HeldContents } from "./held-file.ts";
export { cleanup, type CleanupReport } from "./install.ts";
export { NamespaceFlag } from "./layout.gen.ts";
export { ProgramFiles } from "./program-file.ts";
export type { BpfRing } from "./ring.ts";
export { ruleFlags } from "./rules.ts";
export type { RecordDecoder } from "./types.ts";
export { leftoverStep, securityModules, tryBpfSensor } from "./try.ts";
