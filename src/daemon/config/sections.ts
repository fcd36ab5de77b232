// SPDX-License-Identifier: Apache-2.0
// What the configuration file may say, section by section. Each part of the daemon has its section's schema beside it.
import * as z from "zod/mini";
import { type AttestConfig, attestSchema } from "../attest/config.ts";
import { type FleetConfig, fleetSchema } from "../fleet/config.ts";
import { type MetricsConfig, metricsSchema } from "../metrics/config.ts";
import { type ModelsSection, modelsSchema } from "../models/config.ts";
import {
  type JournalConfig,
  journalSchema,
  type OutputConfig,
  outputsSchema,
} from "../outputs/config.ts";

export interface DaemonSection {
  /** Group whose members may use the daemon: its name or its number. */
  readonly group?: string | number;
  /** Folder of model files that containers are given by name. */
  readonly models?: string;
  /** Time that workloads get to end by themselves when the daemon is stopped (s). */
  readonly "stop-seconds"?: number;
}

export interface PolicySection {
  /** What becomes of containers when the daemon is killed. */
  readonly "on-daemon-loss"?: "kill" | "leave";
  /** What becomes of processes that were attached to under an enforced model when the daemon is stopped; default keep. */
  readonly "on-daemon-stop"?: "keep" | "release";
}

/** The whole file. */
export interface ConfigFile {
  readonly daemon?: DaemonSection;
  readonly policy?: PolicySection;
  readonly models?: ModelsSection;
  /** Image digest ("sha256:...") to model file or name. */
  readonly images?: Readonly<Record<string, string>>;
  readonly attest?: AttestConfig;
  readonly fleet?: FleetConfig;
  readonly metrics?: MetricsConfig;
  readonly journal?: JournalConfig;
  readonly output?: readonly OutputConfig[];
}

const MAX_STOP_SECONDS = 3_600;

/** The schema of the whole file; made when it is asked for. */
export function configSchema(): z.ZodMiniType<ConfigFile> {
  return z.strictObject({
    daemon: z.optional(
      z.strictObject({
        group: z.optional(z.union([z.string().check(z.minLength(1)), z.int().check(z.gte(0))])),
        models: z.optional(z.string().check(z.regex(/^\//, "an absolute path"))),
        "stop-seconds": z.optional(z.int().check(z.gte(0), z.lte(MAX_STOP_SECONDS))),
      }),
    ),
    policy: z.optional(
      z.strictObject({
        "on-daemon-loss": z.optional(z.enum(["kill", "leave"])),
        "on-daemon-stop": z.optional(z.enum(["keep", "release"])),
      }),
    ),
    models: z.optional(modelsSchema()),
    images: z.optional(
      z.record(
        z.string().check(z.regex(/^sha256:[0-9a-f]{64}$/, 'a digest: "sha256:" and 64 hex digits')),
        z.string().check(z.minLength(1)),
      ),
    ),
    attest: z.optional(attestSchema()),
    fleet: z.optional(fleetSchema()),
    metrics: z.optional(metricsSchema()),
    journal: z.optional(journalSchema()),
    output: z.optional(outputsSchema()),
  }) as unknown as z.ZodMiniType<ConfigFile>;
}
