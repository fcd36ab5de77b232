// SPDX-License-Identifier: Apache-2.0
// galgo pull: fetches a model from a registry of containers, by its name or by the image that it is for.
import { quote } from "../../base/quote.ts";
import { readModel } from "../../orchestrator/index.ts";
import { pullModel } from "../../orchestrator/oci/index.ts";
import { outJson, say } from "../render.ts";
import { accessTo, type RegistryOptions } from "./registry-options.ts";

interface PullOptions extends RegistryOptions {
  readonly output: string;
  readonly json?: boolean;
}

export async function pull(reference: string, options: PullOptions): Promise<void> {
  const { output, json } = options;
  const result = await pullModel({
    reference,
    output,
    access: accessTo(reference, options),
    check: (content, signed) => {
      if (!signed) readModel(Buffer.from(content).toString("utf8"), reference);
    },
  });
  if (json === true) outJson({ model: output, ...result });
  const from = result.resumedFrom === 0 ? "" : `, the first ${result.resumedFrom} bytes earlier`;
  say(`${result.size} bytes in ${quote(output)}${from}: ${result.reference}`);
  if (result.image !== undefined) say(`it is for the image ${quote(result.image, 100)}`);
  say(
    result.signed
      ? "it is signed; whose signature it is, galgo verify can tell"
      : "it is not signed: a tag says only what the registry says today, the digest above what was fetched",
  );
}
