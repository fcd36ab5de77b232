// SPDX-License-Identifier: Apache-2.0
// What the configuration may demand of models before they take effect.
import * as z from "zod/mini";

export interface ModelsSection {
  /** Every model that this daemon is given has to be signed. */
  readonly "require-signature"?: boolean;
  /** Files with the public keys, each of which counts for every model. */
  readonly key?: readonly string[];
  /** File with the trust policy, which says which keys count for which models; instead of `key`. */
  readonly policy?: string;
}

const MAX_KEYS = 256;

export function modelsSchema(): z.ZodMiniType<ModelsSection> {
  const path = z.string().check(z.regex(/^\//, "an absolute path"));
  return z
    .strictObject({
      "require-signature": z.optional(z.boolean()),
      key: z.optional(z.array(path).check(z.minLength(1), z.maxLength(MAX_KEYS))),
      policy: z.optional(path),
    })
    .check(
      z.refine(
        ({ "require-signature": demanded, key, policy }) =>
          demanded !== true || (key === undefined) !== (policy === undefined),
        {
          path: ["require-signature"],
          error: "whose signature counts has to be said, either by key or by policy",
        },
      ),
      // who names keys and forgets this would run everything
      z.refine(
        ({ "require-signature": demanded, key, policy }) =>
          demanded !== undefined || (key === undefined && policy === undefined),
        {
          path: [],
          error: "key and policy mean something with require-signature = true only",
        },
      ),
    ) as unknown as z.ZodMiniType<ModelsSection>;
}
