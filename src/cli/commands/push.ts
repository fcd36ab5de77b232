// SPDX-License-Identifier: Apache-2.0
// galgo push: brings a model, plain or signed, to a registry of containers.
import { quote } from "../../base/quote.ts";
import { type ModelSignature, useModel } from "../../orchestrator/index.ts";
import { pushModel } from "../../orchestrator/oci/index.ts";
import { outJson, outLine, say } from "../render.ts";
import { accessTo, type RegistryOptions } from "./registry-options.ts";

interface PushOptions extends RegistryOptions {
  /** Tag or digest in the repository that is pushed to. */
  readonly image?: string;
  readonly json?: boolean;
}

export async function push(model: string, reference: string, options: PushOptions): Promise<void> {
  const { image, json } = options;
  let signature: ModelSignature | undefined;
  const result = await pushModel({
    file: model,
    reference,
    access: accessTo(reference, options),
    check: (content) => {
      signature = useModel(Buffer.from(content).toString("utf8"), model).signature;
    },
    ...(image === undefined ? {} : { image }),
  });
  if (json === true) outJson(result);
  else outLine(result.reference);
  say(
    `${result.signed ? "signed model" : "model, not signed,"} ${quote(model)} of ${result.size} bytes` +
      (result.there ? "; its content was there before" : ""),
  );
  if (result.image === undefined) return;
  const { digest, listed } = result.image;
  say(
    `it is for the image ${digest}` +
      (listed === "tag" ? "; the registry keeps no list of that, a tag beside the image does" : ""),
  );
  if (signature !== undefined && !isFor(signature, digest))
    say(
      "it was not signed for that image: a policy that wants it to be for what runs refuses it there (galgo sign --image)",
    );
}

/** Whether the model was signed for the image, by what it says itself. */
function isFor({ subject }: ModelSignature, image: string): boolean {
  return subject.some(({ digest }) => `sha256:${digest["sha256"]}` === image);
}
