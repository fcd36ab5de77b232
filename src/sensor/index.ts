// SPDX-License-Identifier: Apache-2.0
// Sensors: what every sensor is, and the ones there are.
export type { Decision, EventSink, Fidelity, SensorStats } from "./sensor.ts";
export {
  buildFilter,
  type Machine,
  seccompFidelity,
  serveSeccomp,
  type ServeOptions,
  thisMachine,
} from "./seccomp/index.ts";
export { launchByGuard, launchWorkload, type StartedGuard } from "./seccomp/launch.ts";
export { followJobControl } from "./seccomp/launch-terminal.ts";
export { processEntry } from "./seccomp/launch-tree.ts";
