// SPDX-License-Identifier: Apache-2.0
// Whose signature the models of this daemon have to carry: read with the configuration, and kept until that is read again.
import { CodedError } from "../../base/errors.ts";
import { plural } from "../../base/counts.ts";
import { quote } from "../../base/quote.ts";
import { readRequirement, type SignatureRequirement } from "../../orchestrator/index.ts";
import type { DaemonConfig } from "../config/config.ts";
import { DaemonError } from "../errors.ts";

/**
 * undefined: models need no signature.
 * @throws DaemonError BAD_CONFIG: a key or the policy can not be used
 */
export function demandedSignature({
  file = "",
  models,
}: Pick<DaemonConfig, "file" | "models">): SignatureRequirement | undefined {
  const { "require-signature": demanded, key: keys = [], policy } = models;
  if (demanded !== true) return undefined;
  try {
    return readRequirement(policy === undefined ? { keys } : { policy });
  } catch (cause) {
    if (!(cause instanceof CodedError)) throw cause;
    throw new DaemonError("BAD_CONFIG", `${quote(file)} [models]: ${cause.message}`, { cause });
  }
}

/** For people: what is demanded. */
export function demandLine({ policy, source }: SignatureRequirement): string {
  return `models have to be signed, as ${source} says (${plural(policy.keys.length, "key")})`;
}
