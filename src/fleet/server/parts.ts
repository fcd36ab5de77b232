// SPDX-License-Identifier: Apache-2.0
// The parts of the server in the order in which they are started; they are ended in the other direction.
import { accessPart } from "../auth/part.ts";
import { enrolPart } from "../enrol/part.ts";
import type { FleetPart } from "./context.ts";
import { pagePart } from "./page.ts";

export const PARTS: readonly FleetPart[] = [
  accessPart,
  enrolPart,
  // the console's files: last, behind all routes of others
  pagePart,
];
