// SPDX-License-Identifier: Apache-2.0
// What would cover a violation.
export { type Advice, type AdviceFacts, adviceFor } from "./advice.ts";
export { likelyTemplate } from "./likely-template.ts";
export { type Misfit, misfitOf } from "./misfit.ts";
