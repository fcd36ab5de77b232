// SPDX-License-Identifier: Apache-2.0
// galgo push: brings a model, plain or signed, to a registry of containers.
import { quote } from "../../base/quote.ts";
import { useModel } from "../../orchestrator/index.ts";
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
  const result = await pushModel({
    file: model,
    reference,
    access: accessTo(reference, options),
    check: (content) => void useModel(Buffer.from(content).toString("utf8"), model),
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
}
