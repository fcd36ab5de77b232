// SPDX-License-Identifier: Apache-2.0
// The section [attest] of the daemon's configuration.
import * as z from "zod/mini";
import { PLATFORM_KINDS, type PlatformKind } from "../../orchestrator/attest/index.ts";

export interface AttestConfig {
  /** Private key (PEM) that evidence is signed with; absent: none is given. */
  readonly key?: string;
  /** What vouches for the evidence; default auto. */
  readonly platform?: PlatformKind;
  /** Where the TPM is; default /dev/tpmrm0. */
  readonly tpm?: string;
  /** The kernel's measurement list goes along with what the TPM says. */
  readonly ima?: boolean;
  /** Name of the workload whose coefficients go into the TPM. */
  readonly root?: string;
}

const TPM = /^(?:\/|unix:\/|tcp:)./;

export function attestSchema(): z.ZodMiniType<AttestConfig> {
  return z.strictObject({
    key: z.exactOptional(z.string().check(z.regex(/^\//, "an absolute path"))),
    platform: z.exactOptional(z.enum(PLATFORM_KINDS)),
    tpm: z.exactOptional(z.string().check(z.regex(TPM, "a device, unix:PATH or tcp:HOST:PORT"))),
    ima: z.exactOptional(z.boolean()),
    root: z.exactOptional(z.string().check(z.minLength(1))),
  });
}
