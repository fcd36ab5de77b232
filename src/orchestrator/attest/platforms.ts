// SPDX-License-Identifier: Apache-2.0
// Which platform vouches for the namespaces of this process: chosen once, when it starts.
import { noPlatform, type Platform } from "../../attest/evidence/index.ts";
import { CodedError } from "../../base/errors.ts";
import { noteHungThread } from "../thread/worker-thread.ts";
import { TpmPlatform } from "../../quote/tpm/index.ts";

export const PLATFORM_KINDS = ["tpm", "none", "auto"] as const;

/** auto: whatever there is, and else none, with the reason in the evidence. The others are there, or nothing is started. */
export type PlatformKind = (typeof PLATFORM_KINDS)[number];

export interface PlatformChoice {
  readonly platform: PlatformKind;
  /** Where the TPM is: /dev/tpmrm0 (default), unix:PATH or tcp:HOST:PORT. */
  readonly tpm?: string;
  /** With a TPM: the kernel's measurement list goes along. */
  readonly ima?: boolean;
}

/** @throws TpmError where a platform is named, and it is not there */
export function openPlatform(choice: PlatformChoice): Promise<Platform> {
  switch (choice.platform) {
    case "none":
      return Promise.resolve(nobody("no platform was asked for"));
    case "tpm":
      return openTpm(choice);
    case "auto":
      return openTpm(choice).catch((error: unknown) => {
        if (error instanceof CodedError) return nobody(error.message);
        throw error;
      });
    default:
      return choice.platform satisfies never;
  }
}

async function openTpm({ tpm, ima }: PlatformChoice): Promise<Platform> {
  const platform = await TpmPlatform.open({
    ...(tpm === undefined ? {} : { tpm }),
    ...(ima === undefined ? {} : { ima }),
  });
  return {
    aggregate: (digest) => platform.aggregate(digest),
    prover: (options) => platform.prover(options),
    close: async () => {
      await platform.close();
      if (platform.hung) noteHungThread();
    },
  };
}

/** @param why shown to the verifier */
function nobody(why: string): Platform {
  return { prover: () => Promise.resolve(noPlatform(why)), close: () => Promise.resolve() };
}
