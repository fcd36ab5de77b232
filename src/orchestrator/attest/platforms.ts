// SPDX-License-Identifier: Apache-2.0
// Which platform vouches for the namespaces of this process: chosen once, when it starts.
import { noPlatform, type Platform } from "../../attest/evidence/index.ts";
import { MAX_WHY_CHARS } from "../../attest/evidence/limits.ts";
import { CodedError } from "../../base/errors.ts";
import { noteHungThread } from "../thread/worker-thread.ts";
import { TpmPlatform } from "../../quote/tpm/index.ts";
import { openTsmPlatform } from "../../quote/tsm-platform.ts";

/** NO_IMA: the kernel's measurement list is asked for, and a platform that can not vouch for it. */
export class PlatformError extends CodedError<"NO_IMA"> {}

export const PLATFORM_KINDS = ["tpm", "configfs-tsm", "none", "auto"] as const;

/**
 * auto: the firmware of a confidential machine, else a TPM, else none, with the reasons in the evidence. The others are there, or nothing
 * is started.
 */
export type PlatformKind = (typeof PLATFORM_KINDS)[number];

export interface PlatformChoice {
  readonly platform: PlatformKind;
  /** Where the TPM is: /dev/tpmrm0 (default), unix:PATH or tcp:HOST:PORT. */
  readonly tpm?: string;
  /** The kernel's measurement list goes along; only a TPM vouches for it. */
  readonly ima?: boolean;
}

/** @throws TpmError, TsmError, PlatformError where a platform is named, and it is not there */
export async function openPlatform(choice: PlatformChoice): Promise<Platform> {
  switch (choice.platform) {
    case "none":
      return nobody("no platform was asked for");
    case "tpm":
      return openTpm(choice);
    case "configfs-tsm":
      if (choice.ima === true) {
        throw new PlatformError(
          "NO_IMA",
          "a report of configfs-tsm says nothing of the kernel's measurement list: that takes a TPM",
        );
      }
      return openTsmPlatform();
    case "auto":
      return openAny(choice);
    default:
      return choice.platform satisfies never;
  }
}

async function openAny(choice: PlatformChoice): Promise<Platform> {
  const why: string[] = [];
  const ways = [...(choice.ima === true ? [] : [() => openTsmPlatform()]), () => openTpm(choice)];
  for (const open of ways) {
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      why.push(error.message);
    }
  }
  return nobody(why.join("; ").slice(0, MAX_WHY_CHARS));
}

async function openTpm({ tpm, ima }: PlatformChoice): Promise<Platform> {
  return await TpmPlatform.open({
    ...(tpm === undefined ? {} : { tpm }),
    ...(ima === undefined ? {} : { ima }),
    onHung: noteHungThread,
  });
}

/** @param why shown to the verifier */
function nobody(why: string): Platform {
  return { prover: () => Promise.resolve(noPlatform(why)), close: () => Promise.resolve() };
}
