// SPDX-License-Identifier: Apache-2.0
// galgo verify: whether a file is signed by whom it has to be. What kind of file it is follows from its content.
import { looksLikeToken } from "../../attest/verify/index.ts";
import { quote } from "../../base/quote.ts";
import type { DigestName } from "../../model/index.ts";
import { ModelUseError, readModelBytes, verifyModel } from "../../orchestrator/inspect/index.ts";
import { EXIT_DIFFERENT, EXIT_OK } from "../exit-status.ts";
import { outJson } from "../render.ts";
import { printVerdict } from "../verdict-text.ts";

export interface VerifyOptions {
  readonly key?: readonly string[];
  readonly policy?: string;
  readonly subject?: string;
  readonly name?: string;
  readonly digest?: DigestName;
  /** Of a model. */
  readonly output?: string;
  readonly json?: boolean;
  /** From here on: of evidence. */
  readonly nonce?: string;
  readonly base?: string;
  readonly run?: string;
  readonly model?: readonly string[];
  readonly coefficients?: string;
  readonly records?: string;
  readonly at?: string;
  readonly result?: string;
  readonly resultKey?: string;
}

/** Exit status 0: good; 1: bad, or not trusted. */
export async function verify(file: string, options: VerifyOptions): Promise<void> {
  const bytes = readModelBytes(file);
  if (looksLikeToken(bytes)) {
    refuseModelOptions(file, options);
    await (await import("./verify-evidence.ts")).verifyToken(file, bytes, options);
    return;
  }
  refuseEvidenceOptions(file, options);
  verifyModelFile(file, bytes, options);
}

function refuseModelOptions(file: string, { output, digest }: VerifyOptions): void {
  const option = output !== undefined ? "--output" : digest !== undefined ? "--digest" : undefined;
  if (option === undefined) return;
  throw new ModelUseError("BAD_OPTION", `${option} is for models, and ${quote(file)} is evidence`);
}

/** What was asked of evidence must not be passed over because the file is none. */
function refuseEvidenceOptions(file: string, options: VerifyOptions): void {
  const { nonce, base, run, model, coefficients, records, at, result, resultKey } = options;
  const asked = { nonce, base, run, model, coefficients, records, at, result, resultKey };
  const name = Object.entries(asked).find(([, value]) => value !== undefined)?.[0];
  if (name === undefined) return;
  const option = name === "resultKey" ? "result-key" : name;
  throw new ModelUseError(
    "BAD_OPTION",
    `--${option} is for evidence, and ${quote(file)} holds no token (JWT or CWT)`,
  );
}

function verifyModelFile(file: string, bytes: Buffer, options: VerifyOptions): void {
  const { key, policy, subject, name, digest, output, json } = options;
  if (output === "-")
    throw new ModelUseError("BAD_OPTION", "the verdict goes to stdout: -o takes a file");
  const verdict = verifyModel({
    file,
    bytes,
    trust: {
      ...(key === undefined ? {} : { keys: key }),
      ...(policy === undefined ? {} : { policy }),
    },
    ...(subject === undefined ? {} : { subject: subjectOf(subject) }),
    ...(name === undefined ? {} : { name }),
    ...(digest === undefined ? {} : { digest }),
    ...(output === undefined ? {} : { output }),
  });
  if (json === true) outJson({ file, kind: "model", ...verdict });
  else printVerdict(file, verdict);
  process.exitCode = verdict.verified ? EXIT_OK : EXIT_DIFFERENT;
}

const SUBJECT = /^(?:[^@]*@)?sha256:([0-9a-f]{64})$/;

function subjectOf(text: string): { readonly sha256: string } {
  const sha256 = SUBJECT.exec(text)?.[1];
  if (sha256 !== undefined) return { sha256 };
  throw new ModelUseError("BAD_OPTION", `--subject takes sha256:HEX, not ${quote(text, 200)}`);
}
