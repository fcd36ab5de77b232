// SPDX-License-Identifier: Apache-2.0
// The platform that vouches for a run of the command line, from before it starts until it has ended.
import type { PlatformKind } from "../orchestrator/attest/index.ts";
import { RunError, type RunRequest } from "../orchestrator/index.ts";

export interface PlatformOptions {
  readonly platform?: PlatformKind;
  readonly tpm?: string;
  readonly ima?: boolean;
}

/**
 * Runs `act` with a request that the platform vouches for: its aggregate is what measurement and state begin with, and it takes the
 * coefficients.
 * @throws RunError BAD_OPTION; TpmError, TsmError: the platform that was named is not there, and nothing is started
 */
export async function withPlatform<T>(
  request: RunRequest,
  options: PlatformOptions,
  act: (request: RunRequest) => Promise<T>,
): Promise<T> {
  const { tpm, ima, platform: kind = tpm === undefined ? "none" : "tpm" } = options;
  const { attest } = request;
  if (attest === undefined) {
    refuseAlone(options);
    return await act(request);
  }
  refuseTogether(options, kind);
  if (kind === "none") return await act(request);
  // most runs have none, and shall not wait for it to be loaded
  const { openPlatform } = await import("../orchestrator/attest/index.ts");
  const platform = await openPlatform({
    platform: kind,
    ...(tpm === undefined ? {} : { tpm }),
    ...(ima === undefined ? {} : { ima }),
  });
  try {
    const prover = await platform.prover({ root: true });
    const { aggregate } = platform;
    return await act({
      ...request,
      attest: { ...attest, prover },
      ...(aggregate === undefined ? {} : { aggregate }),
    });
  } finally {
    await platform.close();
  }
}

function refuseAlone({ platform, tpm, ima }: PlatformOptions): void {
  const named = { "--platform": platform, "--tpm": tpm, "--ima": ima };
  for (const [option, value] of Object.entries(named))
    if (value !== undefined)
      throw new RunError(
        "BAD_OPTION",
        `${option} needs --attest-key: a platform vouches for evidence, and without a key there is none`,
      );
}

function refuseTogether({ tpm, ima }: PlatformOptions, kind: PlatformKind): void {
  const takesTpm = kind === "tpm" || kind === "auto";
  if (tpm !== undefined && !takesTpm)
    throw new RunError("BAD_OPTION", `--tpm does not go with --platform ${kind}`);
  if (ima === true && !takesTpm)
    throw new RunError("BAD_OPTION", "--ima needs a TPM: --tpm or --platform tpm");
}
