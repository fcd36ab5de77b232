// SPDX-License-Identifier: Apache-2.0
// galgo pull: fetches a model from a registry of containers, by its name or by the image that it is for.
import { quote } from "../../base/quote.ts";
import {
  imageDigests,
  type ModelTrust,
  readRequirement,
  type SignatureRequirement,
  useModel,
  type UsedModel,
} from "../../orchestrator/index.ts";
import { pullModel, type PullResult } from "../../orchestrator/oci/index.ts";
import { outJson, say } from "../render.ts";
import { accessTo, type RegistryOptions } from "./registry-options.ts";

interface PullOptions extends RegistryOptions {
  readonly output: string;
  /** Files with public keys whose signature is wanted. */
  readonly key?: readonly string[];
  /** File of a trust policy. */
  readonly policy?: string;
  readonly json?: boolean;
}

export async function pull(reference: string, options: PullOptions): Promise<void> {
  const { output, key, policy, json } = options;
  // before anything is fetched
  const requirement =
    key === undefined && policy === undefined
      ? undefined
      : readRequirement({
          ...(key === undefined ? {} : { keys: key }),
          ...(policy === undefined ? {} : { policy }),
        });
  const access = accessTo(reference, options);
  let used: UsedModel | undefined;
  const result = await pullModel({
    reference,
    output,
    access,
    check: (content, { image }) => {
      const text = Buffer.from(content).toString("utf8");
      used = useModel(text, reference, trustOf(requirement, image));
    },
  });
  const signedBy = used?.signature?.signedBy ?? [];
  if (json === true) outJson({ model: output, ...result, signedBy });
  tell(output, result, signedBy);
}

/** What the model is for can be asked where it refers to an image; else it is asked when it runs. */
function trustOf(
  requirement: SignatureRequirement | undefined,
  image: string | undefined,
): ModelTrust {
  if (requirement === undefined) return {};
  if (image !== undefined) return { requirement, runs: () => imageDigests(image) };
  const { policy, source } = requirement;
  const rules = policy.rules.map((rule) => ({ ...rule, subject: false }));
  return { requirement: { policy: { ...policy, rules }, source } };
}

function tell(
  output: string,
  { size, resumedFrom, reference, image, signed }: PullResult,
  signedBy: readonly { readonly name: string }[],
): void {
  const from = resumedFrom === 0 ? "" : `, the first ${resumedFrom} bytes earlier`;
  say(`${size} bytes in ${quote(output)}${from}: ${reference}`);
  if (image !== undefined) say(`it is for the image ${quote(image, 100)}`);
  if (signedBy.length > 0)
    say(`it is signed by ${signedBy.map(({ name }) => quote(name, 80)).join(", ")}`);
  else if (signed) say("it is signed, and nobody has asked by whom: --key, --policy, galgo verify");
  else
    say(
      "it is not signed: a tag says only what the registry says today, the digest above what was fetched",
    );
}
