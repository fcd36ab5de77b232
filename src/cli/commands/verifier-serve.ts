// SPDX-License-Identifier: Apache-2.0
// galgo verifier serve: stays in the foreground until it is told to end, and says one line of each result on stderr.
import type { VerifyResult } from "../../attest/verify/index.ts";
import { CodedError } from "../../base/errors.ts";
import { quote } from "../../base/quote.ts";
import { type VerifierService, startVerifier } from "../../verifier/service/index.ts";
import { say, sayError } from "../render.ts";
import { packageVersion } from "../version.ts";

export interface VerifierServeOptions {
  readonly policy: string;
  readonly key: string;
  readonly listen: string;
  readonly authorities?: string;
  readonly enrolled?: string;
}

export async function verifierServe(options: VerifierServeOptions): Promise<void> {
  const { policy, key, listen, authorities, enrolled } = options;
  const service = await startVerifier({
    version: packageVersion(),
    policy,
    key,
    listen,
    ...(authorities !== undefined && { authorities }),
    ...(enrolled !== undefined && { enrolled }),
    onResult: (result) => say(resultLine(result)),
    onError: (error) => sayError(errorLine(error)),
  });
  say(`verifier at ${service.address}, policy ${service.policy.digest}`);
  await untilEnd(service);
}

function resultLine({ accepted, refusals, token, evidence }: VerifyResult): string {
  const about = evidence === undefined ? "" : ` of ${quote(evidence.workload.name)}`;
  const what = `evidence ${token.slice(0, 16)}${about}`;
  if (accepted) return `accepted: ${what}`;
  return `refused: ${what}: ${[...new Set(refusals.map(({ reason }) => reason))].join(", ")}`;
}

function errorLine(error: unknown): string {
  if (error instanceof CodedError) return error.message;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `internal error: ${quote(text, 2_000)}; please report it`;
}

/** SIGHUP reads the policy again, SIGTERM and SIGINT end it. */
async function untilEnd(service: VerifierService): Promise<void> {
  const reload = (): void => {
    try {
      say(`the policy was read again: ${service.reload().digest}`);
    } catch (error) {
      sayError(`the policy before stays in force: ${errorLine(error)}`);
    }
  };
  process.on("SIGHUP", reload);
  await new Promise<void>((ended) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => ended());
  });
  process.off("SIGHUP", reload);
  await service.close();
}
