// SPDX-License-Identifier: Apache-2.0
// galgo key new | show | policy: keys that sign models.
import { existsSync } from "node:fs";
import { quote } from "../../base/quote.ts";
import { ModelUseError, policyText, writeModelText } from "../../orchestrator/inspect/index.ts";
import { publicPem, readPublicKey } from "../../quote/key-files.ts";
import { type NewKeyKind, writeNewKey } from "../../quote/new-key.ts";
import { out, outJson, outLine, say } from "../render.ts";

interface NewOptions {
  readonly output: string;
  readonly public?: string;
  readonly type: NewKeyKind;
  readonly json?: boolean;
}

export async function keyNew(options: NewOptions): Promise<void> {
  const { output, type, json } = options;
  const publicFile = options.public ?? `${output.replace(/\.pem$/, "")}.pub.pem`;
  const { id, kind } = writeNewKey(type, { privateFile: output, publicFile });
  if (json === true) outJson({ private: output, public: publicFile, kind, id });
  else outLine(id);
  say(
    `${quote(output)} is for its owner only, and has no passphrase: keep it where models are signed`,
  );
  say(`${quote(publicFile)} is for everybody who verifies`);
}

interface PolicyOptions {
  readonly models?: readonly string[];
  readonly threshold: number;
  readonly subject?: boolean;
  readonly output?: string;
}

export async function keyPolicy(keys: readonly string[], options: PolicyOptions): Promise<void> {
  const { models = ["*"], threshold, subject, output = "-" } = options;
  if (output !== "-" && existsSync(output)) {
    throw new ModelUseError(
      "BAD_OPTION",
      `${quote(output)} is there already, and what was revoked in it would be forgotten: change it by hand, or choose another place with -o FILE`,
    );
  }
  writeModelText(output, policyText({ keys, models, threshold, subject: subject === true }));
}

export async function keyShow(
  file: string,
  { pem, json }: { readonly pem?: boolean; readonly json?: boolean },
): Promise<void> {
  // of any kind: those of text models and of evidence have ids, too
  const key = readPublicKey(file, () => undefined);
  if (json === true) outJson({ kind: key.kind, bits: key.bits, id: key.id, pem: publicPem(key) });
  else if (pem === true) out(publicPem(key));
  else outLine(key.id);
}
