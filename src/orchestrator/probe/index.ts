// SPDX-License-Identifier: Apache-2.0
// What this machine can hold and enforce, by trying.
export { cleanup, type CleanupReport } from "../../sensor/bpf/index.ts";
export { collectFacts, type Fact } from "./facts.ts";
export { judgeSensors, type SensorVerdict } from "./verdicts.ts";
