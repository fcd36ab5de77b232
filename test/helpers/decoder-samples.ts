// SPDX-License-Identifier: Apache-2.0
// Good input for decoders: what a decoder reads before it is given anything else.
import type { TokenKeys } from "../../src/attest/evidence/token-keys.ts";
import { readEnvelope } from "../../src/attest/signed/dsse.ts";
import { writePaper } from "../../src/attest/tpm/enrollment.ts";
import {
  INDEX_TYPE,
  MANIFEST_TYPE,
  MODEL_TYPE,
  modelManifest,
} from "../../src/orchestrator/oci/manifest.ts";
import { SIGNED_MODEL } from "./attested.ts";
import { anEvidence, aTokenKey, type TestKey } from "./evidence.ts";
import { aSigner } from "./signing.ts";
import { SoftTpm } from "./soft-tpm.ts";
import { makeAmd } from "./vendor-chains.ts";
import { makeIntel } from "./vendor-quotes.ts";

/** A function that reads bytes or text. */
export interface Decoder<T extends Uint8Array | string> {
  readonly name: string;
  readonly good: readonly T[];
  /** Classes of errors that it may throw; none: it never throws. */
  readonly throws: readonly string[];
  read(input: T): unknown;
}

export const encoder = new TextEncoder();
export const bytesOf = (buffer: Uint8Array): Uint8Array => new Uint8Array(buffer);
export const tpm = new SoftTpm();
export const quoted = tpm.quote({ nonce: new Uint8Array(32), pcrs: [0, 7, 11] });
export const amd = makeAmd();
export const intel = makeIntel();
export const signer = aSigner("ES256");
export const evidence = anEvidence();
export const { signer: tokenSigner }: TestKey = aTokenKey("ES256");
/** Believes every signature, so that what is behind it is reached. */
export const CREDULOUS: TokenKeys = { find: () => ({ alg: "ES256", verify: () => true }) };
export const envelope = readEnvelope(SIGNED_MODEL, "m");
export const manifest = modelManifest(
  { mediaType: MODEL_TYPE, bytes: encoder.encode("{}"), title: "web.json" },
  { mediaType: MANIFEST_TYPE, digest: `sha256:${"ab".repeat(32)}`, size: 3 },
);
export const index = encoder.encode(
  JSON.stringify({
    schemaVersion: 2,
    mediaType: INDEX_TYPE,
    manifests: [{ mediaType: MANIFEST_TYPE, digest: `sha256:${"ab".repeat(32)}`, size: 3 }],
  }),
);
export const trustText = JSON.stringify({
  apiVersion: "galgo.dev/v1",
  kind: "TrustPolicy",
  keys: [{ name: "release", publicKey: signer.publicPem, notAfter: "2030-01-01T00:00:00Z" }],
  rules: [{ models: ["shop-*"], keys: ["release"], subject: "required" }],
  revoked: { models: [{ digest: "ab".repeat(32), why: "lost" }] },
});
export const paper = writePaper("TpmEnrollment", {
  akPublic: tpm.akPublic,
  ekPublic: tpm.akPublic,
});
export const imaReference = JSON.stringify({
  apiVersion: "galgo.dev/v1",
  kind: "ImaReference",
  files: [{ path: "/usr/bin/node", digests: { sha256: ["ab".repeat(32)] } }],
});
export const logins = JSON.stringify({
  auths: { "r.example": { auth: Buffer.from("ann:word").toString("base64") } },
});
