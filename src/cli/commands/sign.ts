// SPDX-License-Identifier: Apache-2.0
// galgo sign: says with a private key that this is the model of a workload.
import { quote } from "../../base/quote.ts";
import { ModelUseError, signModelFile } from "../../orchestrator/inspect/index.ts";
import { outJson, plural, say } from "../render.ts";
import { subjectText } from "../verdict-text.ts";

interface SignOptions {
  readonly key: string;
  readonly signer?: string;
  readonly output: string;
  readonly image?: readonly string[];
  readonly program?: readonly string[];
  readonly sigstore?: boolean;
  readonly json?: boolean;
}

export async function sign(file: string, options: SignOptions): Promise<void> {
  const { key, signer, output, image = [], program = [], sigstore, json } = options;
  if (output === "-" && json === true)
    throw new ModelUseError("BAD_OPTION", "--json prints to stdout: write to a file with -o FILE");
  const result = signModelFile({
    file,
    output,
    keyFile: key,
    ...(signer === undefined ? {} : { signer }),
    form: sigstore === true ? "sigstore" : "dsse",
    images: image,
    programs: program,
  });
  for (const notice of result.notices) say(notice);
  if (json === true) outJson({ file: output, ...result });
  say(
    `signed with the key ${result.key}: the model ${quote(result.name)}, ${plural(result.behaviours, "behaviour")}, ` +
      `${plural(result.signatures, "signature")} in ${output === "-" ? "stdout" : quote(output)}`,
  );
  if (image.length + program.length > 0)
    say(`it is for ${result.subject.map(subjectText).join(", ")}`);
}
