// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { aModel } from "../../../test/helpers/models.ts";
import { aSigner, nodeVerifier } from "../../../test/helpers/signing.ts";
import { writeEnvelope } from "./dsse.ts";
import { checkSignatures, signedBy } from "./envelope-signatures.ts";
import { SignatureError } from "./errors.ts";
import { looksSigned, readSignedFile, writeBundle } from "./sigstore-bundle.ts";
import { envelopeOfModel } from "./statement.ts";

const signer = aSigner("ES256");
const subject = [{ name: "shop", digest: { sha256: "aa".repeat(32) } }];
const envelope = signedBy(envelopeOfModel(aModel(), subject), signer);
const keys = [{ key: signer.key }];

interface Draft {
  [name: string]: unknown;
  verificationMaterial: Record<string, unknown>;
  dsseEnvelope: { signatures: Record<string, unknown>[] };
}

function changed(change: (draft: Draft) => void): string {
  const draft = JSON.parse(writeBundle(envelope)) as Draft;
  change(draft);
  return JSON.stringify(draft);
}

describe("a Sigstore bundle", () => {
  it("holds the envelope, its key named", () => {
    const { form, envelope: read, unchecked } = readSignedFile(writeBundle(envelope), "b.json");
    assert.equal(form, "sigstore");
    assert.deepEqual(read, envelope);
    assert.deepEqual(unchecked, []);
    assert.equal(checkSignatures(read, keys, nodeVerifier)[0]?.found, "good");
    assert.deepEqual(readSignedFile(writeEnvelope(envelope), "e.json"), {
      form: "dsse",
      envelope,
      unchecked: [],
    });
  });

  it("names its key with the hint alone, which may be base64", () => {
    const hint = Buffer.from(signer.key.id, "hex").toString("base64");
    const text = changed((draft) => {
      draft.verificationMaterial = { publicKey: { hint } };
      draft.dsseEnvelope.signatures.forEach((each) => {
        each["keyid"] = "";
      });
    });
    const { envelope: read } = readSignedFile(text, "b.json");
    assert.equal(read.signatures[0]?.keyid, hint);
    assert.equal(checkSignatures(read, keys, nodeVerifier)[0]?.found, "good");
  });

  it("may have parts that are not looked at, and says which", () => {
    const text = changed((draft) => {
      draft.verificationMaterial["tlogEntries"] = [{ logIndex: "1" }];
      draft.verificationMaterial["timestampVerificationData"] = { rfc3161Timestamps: [{}, {}] };
    });
    assert.deepEqual(readSignedFile(text, "b").unchecked, ["1 log entries", "2 time stamps"]);
  });

  for (const [what, change, why] of [
    [
      "a certificate",
      (draft: Draft) => {
        draft.verificationMaterial = { certificate: { rawBytes: "" } };
      },
      /rests on a certificate/,
    ],
    [
      "a chain of certificates beside the key",
      (draft: Draft) => {
        draft.verificationMaterial["x509CertificateChain"] = {};
      },
      /rests on a certificate/,
    ],
    [
      "another media type",
      (draft: Draft) => {
        draft["mediaType"] = "application/json";
      },
      /mediaType has to be/,
    ],
    [
      "a signature of a message in place of an envelope",
      (draft: Draft) => {
        draft["messageSignature"] = {};
      },
      /messageSignature is not known/,
    ],
    [
      "two signatures",
      (draft: Draft) => {
        const [first = {}] = draft.dsseEnvelope.signatures;
        draft.dsseEnvelope.signatures.push(first);
      },
      /has 2 signatures, a Sigstore bundle has one/,
    ],
    [
      "a hint that is not the keyid",
      (draft: Draft) => {
        draft.verificationMaterial["publicKey"] = { hint: "other" };
      },
      /names two keys for one signature/,
    ],
    [
      "no key",
      (draft: Draft) => {
        draft.verificationMaterial = {};
      },
      /verificationMaterial\.publicKey is missing/,
    ],
  ] as const) {
    it(`is refused with ${what}`, () => {
      assert.throws(
        () => readSignedFile(changed(change), "b.json"),
        (error) =>
          error instanceof SignatureError &&
          error.code === "BAD_ENVELOPE" &&
          error.message.startsWith("b.json ") &&
          why.test(error.message),
      );
    });
  }

  it("is read of any value or refused", () => {
    const draft = JSON.parse(writeBundle(envelope)) as Draft;
    const value = fc.record(
      {
        mediaType: fc.oneof(fc.constant(draft["mediaType"]), fc.jsonValue()),
        verificationMaterial: fc.oneof(
          fc.constant(draft.verificationMaterial),
          fc.record({ publicKey: fc.record({ hint: fc.string() }), tlogEntries: fc.jsonValue() }),
          fc.jsonValue(),
        ),
        dsseEnvelope: fc.oneof(fc.constant(draft.dsseEnvelope), fc.jsonValue()),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(value, (given) => {
        try {
          readSignedFile(JSON.stringify(given), "b");
        } catch (error) {
          assert.ok(error instanceof SignatureError, String(error));
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it("is written for one signature with a name only", () => {
    assert.throws(() => writeBundle(signedBy(envelope, aSigner())), { code: "BAD_ENVELOPE" });
    assert.throws(() => writeBundle({ ...envelope, signatures: [] }), { code: "BAD_ENVELOPE" });
    const [{ sig } = assert.fail()] = envelope.signatures;
    assert.throws(() => writeBundle({ ...envelope, signatures: [{ sig }] }), {
      code: "BAD_ENVELOPE",
    });
  });

  it("is told from a plain model by its look", () => {
    assert.equal(looksSigned(writeBundle(envelope)), true);
    assert.equal(looksSigned(writeEnvelope(envelope)), true);
    assert.equal(looksSigned(JSON.stringify(aModel())), false);
  });
});
