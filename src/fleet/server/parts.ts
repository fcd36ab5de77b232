// SPDX-License-Identifier: Apache-2.0
// The parts of the server in the order in which they are started; they are ended in the other direction.
import { attestationsPart } from "../attestations/part.ts";
import { accessPart } from "../auth/part.ts";
import { commandsPart } from "../commands/part.ts";
import { enrolPart } from "../enrol/part.ts";
import { consumePart, ingestPart } from "../ingest/part.ts";
import { livePart } from "../live/part.ts";
import { metricsPart } from "../metrics/part.ts";
import { verdictsPart } from "../verdicts/part.ts";
import { viewsPart } from "../views/part.ts";
import { modelsPart } from "../models/part.ts";
import { rolloutsPart } from "../rollouts/part.ts";
import { retentionPart } from "../retention/part.ts";
import type { FleetPart } from "./context.ts";
import { pagePart } from "./page.ts";

export const PARTS: readonly FleetPart[] = [
  // parts below register for items of parcels
  ingestPart,
  livePart,
  // parts below say what waits in them
  viewsPart,
  accessPart,
  enrolPart,
  commandsPart,
  verdictsPart,
  metricsPart,
  retentionPart,
  modelsPart,
  rolloutsPart,
  attestationsPart,
  // behind all that register: what comes is stored from here on
  consumePart,
  // the console's files: last, behind all routes of others
  pagePart,
];
