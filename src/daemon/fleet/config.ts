// SPDX-License-Identifier: Apache-2.0
// The section [fleet] of the daemon's configuration.
import * as z from "zod/mini";
import { MIN_SPOOL_BYTES } from "./limits.ts";

export interface FleetConfig {
  /** What waits on the disk for the fleet, at most. */
  readonly "spool-bytes"?: number;
  /** Containers under a model ask the fleet about what is outside of it; nobody waits for the answer. */
  readonly "container-verdicts"?: "async";
}

export function fleetSchema(): z.ZodMiniType<FleetConfig> {
  return z.strictObject({
    "spool-bytes": z.exactOptional(z.int().check(z.gte(MIN_SPOOL_BYTES))),
    "container-verdicts": z.exactOptional(z.literal("async")),
  });
}
