// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { validatorOf } from "../../../test/helpers/json-schema.ts";
import { aModel, coefficient } from "../../../test/helpers/models.ts";
import { aSigner, flipped } from "../../../test/helpers/signing.ts";
import { stringifyWorkloadModel, writeTextModel } from "../../model/index.ts";
import { ModelUseError } from "../errors.ts";
import { signerOf } from "./model-signature.ts";
import { useModelFile } from "./model-use.ts";
import { signModelFile } from "./sign-model.ts";
import { type ModelVerdict, verifyModel, type VerifyRequest } from "./verify-model.ts";

const folder = mkdtempSync(join(tmpdir(), "galgo-verify-"));
after(() => rmSync(folder, { recursive: true }));

function put(name: string, content: string): string {
  writeFileSync(join(folder, name), content, { mode: 0o600 });
  return join(folder, name);
}

const [release, other] = [aSigner(), aSigner("ES256")];
const releaseKey = put("release.pub.pem", release.publicPem);
const otherKey = put("other.pub.pem", other.publicPem);
const plain = put("demo.galgo.json", stringifyWorkloadModel(aModel()));
const DIGEST = "ab".repeat(32);

function sign(keyFile: string, form: "dsse" | "sigstore"): string {
  const output = join(folder, `${form}.json`);
  const images = [`shop@sha256:${DIGEST}`];
  signModelFile({ file: plain, keyFile, output, form, images, programs: [] });
  return output;
}

const signed = sign(put("release.pem", release.privatePem), "dsse");
const bundle = sign(put("release2.pem", release.privatePem), "sigstore");

function policy(key: Readonly<Record<string, unknown>>, more: object = {}): string {
  const value = {
    apiVersion: "galgo.dev/v1",
    kind: "TrustPolicy",
    keys: [{ name: "release", publicKey: release.publicPem, ...key }],
    rules: [{ models: ["demo"], keys: ["release"] }],
    ...more,
  };
  validatorOf("docs/reference/trust-policy.schema.json")(value);
  return put("policy.json", JSON.stringify(value));
}

function verdict(file: string, request: Partial<VerifyRequest> = {}): ModelVerdict {
  return verifyModel({
    file,
    bytes: readFileSync(file),
    trust: { keys: [releaseKey] },
    ...request,
  });
}

const codes = ({ verified, refusals }: ModelVerdict): readonly string[] => {
  assert.equal(verified, refusals.length === 0);
  return refusals.map(({ code }) => code);
};

describe("the verdict on a model of Galgo", () => {
  it("is good for what the key has signed, and names what was checked and what not", () => {
    for (const [form, file] of [
      ["dsse", signed],
      ["sigstore", bundle],
    ] as const) {
      const found = verdict(file, { subject: { sha256: DIGEST }, name: "demo" });
      assert.deepEqual([found.verified, found.form], [true, form]);
      assert.equal(found.model?.name, "demo");
      assert.deepEqual(found.subject, [{ name: "shop", digest: { sha256: DIGEST } }]);
      assert.deepEqual(found.signedBy, [{ name: release.key.id, key: release.key.id }]);
      assert.ok(found.checked.length > 0 && found.notChecked.length > 0);
    }
  });

  it("has a reason for everything else, and says nothing of the model then", () => {
    const revoked = { revoked: { keys: [{ id: release.key.id, why: "lost" }] } };
    const digest = verdict(signed).model?.digest ?? "";
    const taken = { revoked: { models: [{ digest }] } };
    const rules = (models: readonly string[]) => ({ rules: [{ models, keys: ["release"] }] });
    const rows: readonly (readonly [string, string, () => Partial<VerifyRequest>])[] = [
      ["UNSIGNED", plain, () => ({})],
      ["UNKNOWN_KEY", signed, () => ({ trust: { keys: [otherKey] } })],
      ["UNKNOWN_KEY", bundle, () => ({ trust: { keys: [otherKey] } })],
      ["WRONG_SUBJECT", signed, () => ({ subject: { sha256: "00".repeat(32) } })],
      ["WRONG_MODEL", signed, () => ({ name: "shop" })],
      [
        "KEY_EXPIRED",
        signed,
        () => ({ trust: { policy: policy({ notAfter: "2020-01-01T00:00:00Z" }) } }),
      ],
      [
        "KEY_NOT_YET",
        signed,
        () => ({ trust: { policy: policy({ notBefore: "2120-01-01T00:00:00Z" }) } }),
      ],
      ["KEY_REVOKED", signed, () => ({ trust: { policy: policy({}, revoked) } })],
      ["MODEL_REVOKED", signed, () => ({ trust: { policy: policy({}, taken) } })],
      ["NO_RULE", signed, () => ({ trust: { policy: policy({}, rules(["shop-*"])) } })],
    ];
    for (const [code, file, request] of rows) {
      const found = verdict(file, request());
      assert.deepEqual(codes(found), [code]);
      assert.deepEqual([found.model, found.signedBy, found.subject], [undefined, [], []]);
    }
  });

  it("is never good for a file with one bit turned over", () => {
    const bytes = readFileSync(signed);
    // base64 of the payload makes most of the file: each of its regions is met, and all of the rest
    const bits = Array.from({ length: 300 }, (_, i) => Math.floor((i * bytes.length * 8) / 300));
    const tail = Array.from({ length: 8 * 300 }, (_, i) => (bytes.length - 1) * 8 - 7 - i);
    for (const bit of [...bits, ...tail]) {
      const changed = Buffer.from(flipped(bytes, bit));
      const found = verifyModel({ file: signed, bytes: changed, trust: { keys: [releaseKey] } });
      assert.equal(found.verified, false, `bit ${bit}`);
    }
  });

  it("writes the plain model when it is good, and nothing when it is not", () => {
    const output = join(folder, "plain.galgo.json");
    assert.equal(verdict(signed, { output, trust: { keys: [otherKey] } }).verified, false);
    assert.equal(existsSync(output), false);
    assert.equal(verdict(signed, { output }).verified, true);
    assert.deepEqual(useModelFile(output), { model: aModel() });
    assert.throws(() => verdict(signed, { output: signed }), /is signed, and what would replace/);
  });

  it("is no verdict where nobody says whose key counts", () => {
    assert.throws(() => verdict(signed, { trust: {} }), ModelUseError);
  });
});

describe("the verdict on a text model of Quixote", () => {
  const pairs = [2_048, 2_048].map((modulusLength) =>
    generateKeyPairSync("rsa", { modulusLength }),
  );
  const [own = "", foreign = ""] = pairs.map(({ publicKey }, i) =>
    put(`rsa${i}.pub.pem`, String(publicKey.export({ type: "spki", format: "pem" }))),
  );
  const secret = pairs[0]?.privateKey.export({ type: "pkcs8", format: "pem" });
  const content = { pseudonyms: [], states: [1, 2].map(coefficient), sealed: true };
  const text = put("signed.txt", writeTextModel(content, signerOf(put("rsa.pem", String(secret)))));
  const lines = readFileSync(text, "latin1");

  it("is good when a key that was given signed it", () => {
    const found = verdict(text, { trust: { keys: [foreign, own] } });
    assert.deepEqual([found.verified, found.form, found.model?.behaviours], [true, "text", 2]);
    assert.equal(found.signedBy[0]?.name, own);
  });

  it("has a reason for everything else", () => {
    const less = put("less.txt", lines.replace(/\nstate .*\n/, "\n"));
    const bare = put("bare.txt", writeTextModel(content));
    const cut = put("cut.txt", lines.slice(0, lines.indexOf("end")));
    const rows: readonly (readonly [string, string, string])[] = [
      ["UNKNOWN_KEY", text, foreign],
      ["BAD_SIGNATURE", less, own],
      ["UNSIGNED", bare, own],
      ["BAD_CONTENT", cut, own],
      ["BAD_CONTENT", put("other.txt", "hello\n"), own],
    ];
    for (const [code, file, key] of rows) {
      assert.deepEqual(codes(verdict(file, { trust: { keys: [key] } })), [code]);
    }
  });

  it("can not be asked of a policy, which is about names", () => {
    const trust = { policy: policy({}) };
    assert.throws(() => verdict(text, { trust }), /carries no name, so no rule/);
    const given = { keys: [own] };
    assert.throws(() => verdict(text, { trust: given, output: "x" }), /galgo model convert --key/);
    assert.throws(() => verdict(text, { trust: { keys: [own] }, name: "demo" }), ModelUseError);
    assert.throws(() => verdict(text, { trust: { keys: [releaseKey] } }), /no RSA key/);
    const open = put("open.pub.pem", readFileSync(own, "utf8"));
    chmodSync(open, 0o646);
    assert.throws(() => verdict(text, { trust: { keys: [open] } }), /everybody may write to it/);
  });
});
