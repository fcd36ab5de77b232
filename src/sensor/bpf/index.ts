// SPDX-License-Identifier: Apache-2.0
// The sensor of BPF programs in the kernel.
export { BpfAgent, type AgentPlace, openNamespaceView } from "./agent.ts";
export { findBtfFunction } from "./btf.ts";
export { builtHere, programHooks } from "./built.ts";
export { createDecoder } from "./decoder.ts";
export { bpfFidelity } from "./fidelity.ts";
export { KeyMaker } from "./description.ts";
export { HeldContents } from "./held-file.ts";
export { cleanup, type CleanupReport } from "./install.ts";
export type {
  AgentJournal,
  AgentProgress,
  CreatedChange,
  Gap,
  KeptAgent,
  KeptKey,
} from "./journal.ts";
export { type AbandonedNamespace, abandoned, isInstalled } from "./install.ts";
export { modeledAmong } from "./modeled.ts";
export { Identities } from "./identities.ts";
export { NamespaceFlag } from "./layout.gen.ts";
export { KeyPrimer } from "./prime.ts";
export { ProgramFiles, rootOf } from "./program-file.ts";
export type { BpfRing } from "./ring.ts";
export type { BpfServer } from "./served.ts";
export { ruleFlags } from "./rules.ts";
export type { Primer, RecordDecoder } from "./types.ts";
export { NamespaceWatch } from "./watch.ts";
export { leftoverStep, securityModules, tryBpfSensor } from "./try.ts";
