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
  FLOOR_TABLE,
  type FloorPath,
} from "./floor.ts";
export { parseStatus } from "./proc.ts";
export { serveSeccomp, type ServeOptions } from "./serve.ts";
