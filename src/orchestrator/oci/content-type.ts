// SPDX-License-Identifier: Apache-2.0
// What a file is by its look: a plain model, an envelope, a bundle. Whether it is a good one is not looked at here.
import { BUNDLE_TYPE } from "../../attest/signed/sigstore-bundle.ts";
import { ENVELOPE_TYPE, MODEL_TYPE } from "./manifest.ts";

export type ContentType = typeof MODEL_TYPE | typeof ENVELOPE_TYPE | typeof BUNDLE_TYPE;

/** Types of content that models come in. */
export const CONTENT_TYPES: readonly string[] = [MODEL_TYPE, ENVELOPE_TYPE, BUNDLE_TYPE];

export function contentTypeOf(bytes: Uint8Array): ContentType {
  const value = jsonOf(bytes);
  const has = (...names: readonly string[]): boolean =>
    names.every((name) => Object.hasOwn(value, name));
  if (has("payloadType", "payload", "signatures")) return ENVELOPE_TYPE;
  return has("dsseEnvelope") ? BUNDLE_TYPE : MODEL_TYPE;
}

function jsonOf(bytes: Uint8Array): object {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
