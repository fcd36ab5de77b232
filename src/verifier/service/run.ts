// SPDX-License-Identifier: Apache-2.0
// A verifier from its files to its end.
import { readAuthorities } from "../../attest/tpm/index.ts";
import type { VerifierPolicy, VerifyResult } from "../../attest/verify/index.ts";
import { readBytes, readPolicyFile } from "../files.ts";
import { createVerifierApp } from "./app.ts";
import { Challenges } from "./challenges.ts";
import { Enrollments } from "./enrollments.ts";
import { ServiceError } from "./errors.ts";
import { Rates } from "./rates.ts";
import { parseListen, type RunningVerifier, serveVerifier } from "./serve.ts";
import { ResultSigner } from "./signer.ts";

export interface ServiceTerms {
  readonly version: string;
  readonly policy: string;
  /** File with the private key that signs results. */
  readonly key: string;
  readonly listen: string;
  /** Certificates (PEM) of makers of TPMs; undefined: nobody can enroll. */
  readonly authorities?: string;
  /** Where names of enrolled keys are kept. */
  readonly enrolled?: string;
  onResult(result: VerifyResult): void;
  onError(error: unknown): void;
}

export interface VerifierService extends RunningVerifier {
  readonly policy: VerifierPolicy;
  /** Reads the policy again; the one before stays in force when it is not good. @throws as `startVerifier` */
  reload(): VerifierPolicy;
}

/** @throws VerifyError, SignatureError, VerifierFileError, ServiceError, EndorsementError, CcError */
export async function startVerifier(terms: ServiceTerms): Promise<VerifierService> {
  const { version, key, authorities, enrolled } = terms;
  if (enrolled !== undefined && authorities === undefined) {
    const problem =
      "--enrolled keeps keys that enroll: say which makers of TPMs count (--authorities)";
    throw new ServiceError("NO_SERVICE", problem);
  }
  let policy = readPolicyFile(terms.policy);
  const where = parseListen(terms.listen);
  const now = Date.now;
  const enrollments =
    authorities === undefined
      ? undefined
      : new Enrollments({
          authorities: readAuthorities(readBytes(authorities).toString("utf8"), authorities),
          now,
          ...(enrolled !== undefined && { file: enrolled }),
        });
  const app = createVerifierApp({
    version,
    started: new Date(),
    policy: () => policy,
    signer: new ResultSigner(key, version),
    challenges: new Challenges(),
    rates: new Rates(now),
    enrollments,
    now,
    onResult: (result) => terms.onResult(result),
    onError: (error) => terms.onError(error),
  });
  const running = await serveVerifier(app, where);
  return {
    ...running,
    get policy() {
      return policy;
    },
    reload: () => {
      policy = readPolicyFile(terms.policy);
      return policy;
    },
  };
}
