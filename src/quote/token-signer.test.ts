// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { anEvidence } from "../../test/helpers/evidence.ts";
import { aSigner } from "../../test/helpers/signing.ts";
import {
  openEatCwt,
  openEatJwt,
  signEatCwt,
  signEatJwt,
  TokenError,
} from "../attest/evidence/index.ts";
import { SignatureError } from "../attest/signed/errors.ts";
import { nodeTokenKeys, readTokenKey, readTokenSigner } from "./token-signer.ts";

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), "galgo-tokens-"));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

function filed(t: TestContext, text: string): string {
  const path = join(folder(t), "key.pem");
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

const NAMES = { Ed25519: "EdDSA", ES256: "ES256", ES384: "ES384" } as const;

describe("a key file as key of tokens", () => {
  for (const alg of ["Ed25519", "ES256", "ES384"] as const) {
    it(`signs and verifies both tokens with ${alg}`, async (t) => {
      const { privatePem, publicPem, key } = aSigner(alg);
      const signer = readTokenSigner(filed(t, privatePem));
      assert.deepEqual([signer.alg, signer.kid], [NAMES[alg], key.id]);
      const keys = nodeTokenKeys([readTokenKey(filed(t, publicPem))]);
      const others = nodeTokenKeys([aSigner(alg).key]);
      const evidence = anEvidence();
      const signature = { alg: NAMES[alg], kid: key.id };
      const jwt = await signEatJwt(evidence, signer);
      const cwt = await signEatCwt(evidence, signer);
      assert.deepEqual(await openEatJwt(jwt, keys), { evidence, signature });
      assert.deepEqual(await openEatCwt(cwt, keys), { evidence, signature });
      await assert.rejects(openEatJwt(jwt, others), isUnknown);
      await assert.rejects(openEatCwt(cwt, others), isUnknown);
    });
  }

  it("is its owner's alone", (t) => {
    const path = filed(t, aSigner().privatePem);
    chmodSync(path, 0o640);
    assert.throws(() => readTokenSigner(path), /is open to others than its owner.*chmod 600/);
  });

  it("is not one of RSA, which signs models only", (t) => {
    const { privatePem, key } = aSigner("RS256");
    const path = filed(t, privatePem);
    assert.throws(() => readTokenSigner(path), isBadKey);
    assert.throws(() => readTokenKey(path), isBadKey);
    assert.throws(() => nodeTokenKeys([key]), isBadKey);
  });
});

function isUnknown(error: unknown): boolean {
  return error instanceof TokenError && error.code === "UNKNOWN_KEY";
}

function isBadKey(error: unknown): boolean {
  return (
    error instanceof SignatureError &&
    error.code === "BAD_KEY" &&
    /tokens are signed with Ed25519, ECDSA P-256 and P-384 keys only/.test(error.message)
  );
}
