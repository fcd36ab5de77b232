// SPDX-License-Identifier: Apache-2.0
// Writes the text form of a model in the order that every reader understands: key, base, aggregate, pseudonyms, states, seal, end, signature.
import { encodeBase64 } from "../../base/base64.ts";
import { encodePath } from "../../base/path-text.ts";
import { signedBytes, type TextModel, type TextSigner } from "./text-model.ts";

/** The lines of a model, each with its newline; signed when there is a signer. A model without an aggregate has no such line. */
export function writeTextModel(model: TextModel, signer?: TextSigner): string {
  const { base, aggregate, pseudonyms, states, sealed } = model;
  const lines = [
    ...(signer === undefined ? [] : [`key ${encodeBase64(encodePath(signer.key))}`]),
    ...(base === undefined ? [] : [`base ${base}`]),
    ...(aggregate === undefined ? [] : [`aggregate ${aggregate}`]),
    ...pseudonyms.map((value) => `pseudonym ${value}`),
    ...states.map((value) => `state ${value}`),
    ...(sealed ? ["seal"] : []),
    "end",
  ];
  if (signer !== undefined) {
    const signature = signer.sign(signedBytes(lines, encodePath));
    lines.push(`signature ${encodeBase64(signature)}`);
  }
  return lines.map((line) => `${line}\n`).join("");
}
