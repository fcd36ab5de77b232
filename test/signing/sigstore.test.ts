// SPDX-License-Identifier: Apache-2.0
// Our Sigstore bundles under the verifier of the Sigstore project, offline, and bundles of its library under ours.
import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { bundleFromJSON, bundleToJSON, toDSSEBundle } from "@sigstore/bundle";
import { toSignedEntity, type TrustMaterial, Verifier } from "@sigstore/verify";
import { readSignedFile } from "../../src/attest/signed/sigstore-bundle.ts";
import { signedBytesOf } from "../../src/attest/signed/dsse.ts";
import { envelopeOfModel, modelSubject } from "../../src/attest/signed/statement.ts";
import { checkSignatures } from "../../src/attest/signed/envelope-signatures.ts";
import { derOfRaw } from "../../src/attest/keys/ecdsa-der.ts";
import { stringifyWorkloadModel } from "../../src/model/index.ts";
import { signModelFile } from "../../src/orchestrator/models/sign-model.ts";
import { nodeHasher } from "../../src/tma/index.ts";
import { aModel } from "../helpers/models.ts";
import { aSigner, nodeVerifier, type TestSigner } from "../helpers/signing.ts";

const folder = mkdtempSync(join(tmpdir(), "galgo-sigstore-"));
after(() => rmSync(folder, { recursive: true }));

const ALGS = ["Ed25519", "ES256"] as const;

/** Keys by their hints; no logs, no authorities: what a user with a public key has. */
function material(keys: ReadonlyMap<string, TestSigner>): TrustMaterial {
  return {
    ...{ certificateAuthorities: [], timestampAuthorities: [], tlogs: [], ctlogs: [] },
    publicKey: (hint) => {
      const pem = keys.get(hint)?.publicPem;
      if (pem === undefined) throw new Error(`no key ${hint}`);
      return { publicKey: createPublicKey(pem), validFor: () => true };
    },
  };
}

function sigstoreVerifies(text: string, keys: ReadonlyMap<string, TestSigner>): void {
  const offline = { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 };
  const entity = toSignedEntity(bundleFromJSON(JSON.parse(text)));
  new Verifier(material(keys), offline).verify(entity);
}

function bundleOf(signer: TestSigner): string {
  const [file, keyFile, output] = ["m.json", "k.pem", "out.json"].map((name) => join(folder, name));
  assert.ok(file !== undefined && keyFile !== undefined && output !== undefined);
  writeFileSync(file, stringifyWorkloadModel(aModel()));
  writeFileSync(keyFile, signer.privatePem, { mode: 0o600 });
  signModelFile({ file, keyFile, output, form: "sigstore", images: [], programs: [] });
  return readFileSync(output, "utf8");
}

describe("a Sigstore bundle", () => {
  for (const alg of ALGS) {
    it(`of galgo sign is verified by @sigstore/verify with the public key (${alg})`, () => {
      const signer = aSigner(alg);
      const text = bundleOf(signer);
      sigstoreVerifies(text, new Map([[signer.key.id, signer]]));
    });

    it(`that was changed, or is of another key, is refused there too (${alg})`, () => {
      const signer = aSigner(alg);
      const json = JSON.parse(bundleOf(signer));
      assert.throws(() => sigstoreVerifies(JSON.stringify(json), new Map()), /no key/);
      const wrong = new Map([[signer.key.id, aSigner(alg)]]);
      assert.throws(() => sigstoreVerifies(JSON.stringify(json), wrong), /signature/);
      const payload = Buffer.from(json.dsseEnvelope.payload, "base64").toString();
      const other = Buffer.from(payload.replace('"sealed":true', '"sealed":false'));
      json.dsseEnvelope.payload = other.toString("base64");
      const right = new Map([[signer.key.id, signer]]);
      assert.throws(() => sigstoreVerifies(JSON.stringify(json), right), /signature/);
    });

    it(`of @sigstore/bundle is read and verified here (${alg})`, () => {
      const signer = aSigner(alg);
      const model = aModel();
      const bare = envelopeOfModel(model, [modelSubject(model, nodeHasher("sha256"))]);
      const raw = signer.sign(signedBytesOf(bare));
      const bundle = toDSSEBundle({
        artifact: Buffer.from(bare.payload),
        artifactType: bare.payloadType,
        signature: Buffer.from(alg === "ES256" ? derOfRaw(raw) : raw),
        keyHint: signer.key.id,
      });
      const read = readSignedFile(JSON.stringify(bundleToJSON(bundle)), "a bundle");
      const [finding] = checkSignatures(read.envelope, [{ key: signer.key }], nodeVerifier);
      assert.equal(finding?.found, "good");
    });
  }
});
