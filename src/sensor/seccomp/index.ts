// SPDX-License-Identifier: Apache-2.0
// The seccomp user-notification sensor.
export { type Machine, thisMachine } from "./arch.ts";
export { seccompFidelity } from "./fidelity.ts";
export { buildFilter } from "./filter.ts";
export {
  createFloor,
  type Floor,
  FLOOR_ABI,
  FLOOR_FEATURE,
  floorTable,
  type FloorPath,
} from "./floor.ts";
export { parseStatus } from "./proc.ts";
export type { HandlerName, SyscallRule, When } from "./rule.ts";
export { type ServerCommons, SeccompServer, serveSeccomp, type ServeOptions } from "./serve.ts";
export { AgentSelf, asAgent, requireOwnCredentials } from "./agent-self.ts";
export { REFUSED_CALLS, TABLE } from "./table.ts";
