// SPDX-License-Identifier: Apache-2.0
// galgo push: brings a model, plain or signed, to a registry of containers.
import { readFileSync } from "node:fs";
import { quote } from "../../base/quote.ts";
import { loadModel } from "../../orchestrator/inspect/index.ts";
import { isEnvelope, pushModel } from "../../orchestrator/oci/index.ts";
import { outJson, outLine, say } from "../render.ts";
import { accessTo, type RegistryOptions } from "./registry-options.ts";

interface PushOptions extends RegistryOptions {
  /** Tag or digest in the repository that is pushed to. */
  readonly image?: string;
  readonly json?: boolean;
}

export async function push(model: string, reference: string, options: PushOptions): Promise<void> {
  const { image, json } = options;
  if (!looksSigned(model)) loadModel(model);
  const result = await pushModel({
    file: model,
    reference,
    access: accessTo(reference, options),
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

/** A file that can not be read is left to loadModel, which says it best. */
function looksSigned(file: string): boolean {
  try {
    return isEnvelope(readFileSync(file));
  } catch {
    return false;
  }
}
