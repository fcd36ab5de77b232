// SPDX-License-Identifier: Apache-2.0
// The sensor of BPF programs in the kernel.
export { findBtfFunction } from "./btf.ts";
export { builtObject, programHooks } from "./built.ts";
export { bpfFidelity } from "./fidelity.ts";
export { cleanup, type CleanupReport } from "./install.ts";
export { leftoverStep, securityModules, tryBpfSensor } from "./try.ts";
