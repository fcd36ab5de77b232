// SPDX-License-Identifier: Apache-2.0
// galgo verify: whether a file is signed by whom it has to be. What kind of file it is follows from its content.
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
  readonly json?: boolean;
}

/** Exit status 0: good; 1: bad, or not trusted. */
export async function verify(file: string, options: VerifyOptions): Promise<void> {
  verifyModelFile(file, readModelBytes(file), options);
}

function verifyModelFile(file: string, bytes: Buffer, options: VerifyOptions): void {
  const { key, policy, subject, name, digest, json } = options;
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
