// SPDX-License-Identifier: Apache-2.0
// What a person should know of the signatures of a model that is used.
import { quote } from "../../base/quote.ts";
import type { RunPlan } from "../plan.ts";

/** One line each. */
export function signatureNotices({
  request: { modelFile = "" },
  signature,
}: Pick<RunPlan, "request" | "signature">): readonly string[] {
  if (signature === undefined) return [];
  if (signature.signedBy.length === 0) {
    return [
      `the model ${quote(modelFile)} is signed, and nobody has asked by whom: its signature was not checked (--key PUBLIC.pem, --policy FILE)`,
    ];
  }
  return signature.unchecked.map(
    (what) => `not checked of the signature of the model ${quote(modelFile)}: ${quote(what, 80)}`,
  );
}
