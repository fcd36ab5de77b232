// SPDX-License-Identifier: Apache-2.0
// The parts of the daemon in the order in which they are started.
import { CONTAINERS } from "./containers/part.ts";
import { attestPart } from "./attest/part.ts";
import { attachedPart } from "./attached/part.ts";
import { metricsPart } from "./metrics/part.ts";
import { outputsPart } from "./outputs/part.ts";
import { fleetPart } from "./fleet/part.ts";
import type { DaemonPart } from "./part.ts";

export const PARTS: readonly DaemonPart[] = [
  attestPart,
  attachedPart,
  outputsPart,
  metricsPart,
  fleetPart,
  CONTAINERS,
];
