// SPDX-License-Identifier: Apache-2.0
// Every bit of the files that people hand around, turned over once: envelopes and bundles of signed models, trust policies.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { appraiseModel } from "../../src/attest/policy/appraise.ts";
import { readTrustPolicy } from "../../src/attest/policy/trust-file.ts";
import { policyOfKeys, type TrustPolicy } from "../../src/attest/policy/trust-policy.ts";
import { type Envelope, writeEnvelope } from "../../src/attest/signed/dsse.ts";
import { signedBy } from "../../src/attest/signed/envelope-signatures.ts";
import { SignatureError } from "../../src/attest/signed/errors.ts";
import { readSignedFile, writeBundle } from "../../src/attest/signed/sigstore-bundle.ts";
import { envelopeOfModel } from "../../src/attest/signed/statement.ts";
import { aModel } from "../helpers/models.ts";
import { aSigner, flipped, nodeVerifier, type TestSigner } from "../helpers/signing.ts";
import { testHasher } from "../helpers/test-hasher.ts";

const NOW = Date.UTC(2026, 5, 1);
const DIGEST = { sha256: "aa".repeat(32) };
const owner = aSigner("Ed25519");
const stranger = aSigner("Ed25519");

const signed = (signer: TestSigner): Envelope =>
  signedBy(envelopeOfModel(aModel({ name: "shop-web" }), [{ digest: DIGEST }]), signer);

/** Codes of what becomes of a file: none when it is trusted. As a file is read: bytes that are no UTF-8 become U+FFFD. */
function outcome(file: Uint8Array, policy: TrustPolicy): readonly string[] {
  try {
    const { envelope } = readSignedFile(Buffer.from(file).toString("utf8"), "m.json");
    const asked = { policy, verifier: nodeVerifier, hasher: testHasher, now: NOW, name: "m.json" };
    const appraisal = appraiseModel(envelope, asked);
    return appraisal.trusted ? [] : appraisal.refusals.map(({ code }) => code);
  } catch (error) {
    if (error instanceof SignatureError) return [error.code];
    throw error;
  }
}

/** Where a value of the file's JSON stands in its text, without its quotation marks. */
function placeOf(text: string, value: string): (byte: number) => boolean {
  const from = text.indexOf(value);
  assert.ok(from >= 0 && text.indexOf(value, from + 1) < 0, `${value.slice(0, 20)} stands once`);
  return (byte) => byte >= from && byte < from + value.length;
}

/** What a flipped bit may come to besides a file that is none. */
type Expected = Readonly<Record<string, { readonly value: string; readonly codes: string[] }>>;

/** @param passed a value whose bits were tried elsewhere */
function eachBit(text: string, fields: Expected, passed?: string): void {
  const policy = policyOfKeys([owner.key]);
  const isPassed = passed === undefined ? () => false : placeOf(text, passed);
  const file = Buffer.from(text);
  assert.deepEqual(outcome(file, policy), [], "it is trusted as it is");
  const places = Object.entries(fields).map(([name, { value, codes }]) => ({
    ...{ name, codes },
    holds: placeOf(text, value),
    met: new Set<string>(),
  }));
  for (let bit = 0; bit < file.length * 8; bit++) {
    const byte = bit >> 3;
    if (isPassed(byte)) continue;
    const found = outcome(flipped(file, bit), policy);
    const place = places.find(({ holds }) => holds(byte));
    const allowed = ["BAD_JSON", "BAD_ENVELOPE", ...(place?.codes ?? [])];
    const where = `bit ${bit} (${place?.name ?? "between the values"})`;
    assert.equal(found.length, 1, `${where}: ${found.join(", ") || "trusted"}`);
    assert.ok(allowed.includes(found[0] ?? ""), `${where}: ${String(found[0])}`);
    place?.met.add(found[0] ?? "");
  }
  for (const { name, codes, met } of places)
    for (const code of codes) assert.ok(met.has(code), `a bit of ${name} comes to ${code}`);
}

const envelope = signed(owner);
const json = JSON.parse(writeEnvelope(envelope)) as {
  readonly payload: string;
  readonly signatures: readonly [{ readonly sig: string }];
};
const type = { value: "application/vnd.in-toto+json", codes: ["BAD_SIGNATURE"] };
const sig = { value: json.signatures[0].sig, codes: ["BAD_SIGNATURE"] };
const name = { value: owner.key.id, codes: ["UNKNOWN_KEY"] };

describe("each bit turned over", () => {
  it("of an envelope has it refused, with the reason of the field it is in", () => {
    const payload = { value: json.payload, codes: ["BAD_SIGNATURE"] };
    eachBit(writeEnvelope(envelope), { payload, type, sig, keyid: name });
  });

  it("of a bundle has it refused, with the reason of the field it is in", () => {
    // the key stands in the hint as well: one of them alone is a contradiction
    eachBit(writeBundle(envelope), { type, sig }, json.payload);
  });

  it("of a bundle that names its key once has it refused", () => {
    const bundle = JSON.parse(writeBundle(envelope)) as { dsseEnvelope: { signatures: unknown } };
    bundle.dsseEnvelope.signatures = [{ sig: json.signatures[0].sig }];
    eachBit(JSON.stringify(bundle), { type, sig, hint: name }, json.payload);
  });
});

const policyText = JSON.stringify({
  apiVersion: "galgo.dev/v1",
  kind: "TrustPolicy",
  keys: [
    { name: "old", publicKey: aSigner("ES256").publicPem, notAfter: "2026-01-01T00:00:00Z" },
    {
      name: "release",
      publicKey: owner.publicPem,
      notBefore: "2026-05-01T00:00:00Z",
      notAfter: "2026-07-01T00:00:00Z",
      replaces: "old",
    },
  ],
  rules: [
    { models: ["till"], keys: ["release"], threshold: 1, subject: "required" },
    { models: ["shop-*"], keys: ["release"], threshold: 1, subject: "any" },
  ],
  revoked: {
    keys: [{ id: "0".repeat(64), why: "lost" }],
    models: [{ digest: "1".repeat(64), why: "wide" }],
  },
});

describe("each bit of a trust policy turned over", () => {
  /** Nobody has signed a policy, so such a bit may go unseen; who is trusted must not come of it. */
  it("trusts no stranger, and its owner no longer when it is in the key", () => {
    const file = Buffer.from(policyText);
    const [mine, foreign] = [signed(owner), signed(stranger)].map((each) =>
      Buffer.from(writeEnvelope(each)),
    );
    assert.ok(mine !== undefined && foreign !== undefined);
    const key = placeOf(policyText, owner.publicPem.split("\n")[1] ?? "");
    const met = new Set<string>();
    for (let bit = 0; bit < file.length * 8; bit++) {
      const policy = policyOf(flipped(file, bit));
      const asked = (model: Uint8Array): readonly string[] =>
        policy instanceof SignatureError ? [policy.code] : outcome(model, policy);
      if (!(policy instanceof SignatureError))
        assert.deepEqual(asked(foreign), ["UNKNOWN_KEY"], `bit ${bit}: a stranger`);
      const [code = "trusted"] = asked(mine);
      assert.ok(code !== "trusted" || !key(bit >> 3), `bit ${bit} of the key`);
      met.add(code);
    }
    // a time, a reason or the rule of another model still reads well
    const reasons = ["BAD_JSON", "BAD_KEY", "BAD_POLICY", "KEY_EXPIRED", "KEY_NOT_YET", "NO_RULE"];
    assert.deepEqual([...met].sort(), [...reasons, "UNKNOWN_KEY", "trusted"]);
  });
});

function policyOf(file: Uint8Array): TrustPolicy | SignatureError {
  try {
    return readTrustPolicy(Buffer.from(file).toString("utf8"), "policy.json", nodeVerifier);
  } catch (error) {
    if (error instanceof SignatureError) return error;
    throw error;
  }
}
