// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { attested, caseOf, INJECTED, NONCE, tokenOf } from "../../../test/helpers/attested.ts";
import { aSigner } from "../../../test/helpers/signing.ts";
import { verifyCrypto } from "../../../test/helpers/verify-crypto.ts";
import { openEatJwt, tokenKeysOf, tokenSignerOf } from "../evidence/index.ts";
import { earClaims, openResult, signResult } from "./ear.ts";
import { verifyEvidence } from "./verify.ts";

const TERMS = { version: "0.0.0", nonce: NONCE };

interface Claims {
  readonly submods: {
    readonly galgo: {
      readonly "ear.status": string;
      readonly "ear.trustworthiness-vector": Readonly<Record<string, number>>;
      readonly galgo: { readonly reasons: readonly { readonly reason: string }[] } & Readonly<
        Record<"workload" | "base" | "model" | "issuedAt" | "started", unknown>
      >;
    };
  };
}

describe("an attestation result", () => {
  const good = attested();
  const key = aSigner("ES384");
  const keys = tokenKeysOf([key.key], verifyCrypto.verifier);

  it("says of each area what was found, and is the same when it was signed and opened", async () => {
    const result = await verifyEvidence(await caseOf(good), verifyCrypto);
    const token = await signResult(result, TERMS, tokenSignerOf(key));
    const claims = (await openResult(token, keys)) as Claims;
    assert.deepEqual(claims, JSON.parse(JSON.stringify(earClaims(result, TERMS))));
    assert.equal(claims.submods.galgo["ear.status"], "affirming");
    assert.deepEqual(
      Object.values(claims.submods.galgo["ear.trustworthiness-vector"]),
      [2, 2, 2, 2],
    );
  });

  it("names what a relying party has to compare: run, base, model, times", async () => {
    const based = attested({ base: "42".repeat(32) });
    const { evidence } = based;
    const result = await verifyEvidence(await caseOf(based), verifyCrypto);
    assert.equal(result.accepted, true);
    const said = (earClaims(result, TERMS) as unknown as Claims).submods.galgo.galgo;
    const { workload, base, model, issuedAt, started } = said;
    assert.deepEqual([workload, base], [evidence.workload, "42".repeat(32)]);
    assert.deepEqual([issuedAt, started], [evidence.issuedAt, evidence.started]);
    const { name, digest } = evidence.model ?? {};
    assert.deepEqual(model, { name, digest });
  });

  it("contraindicates, with the reasons, and affirms nothing where a signature is not good", async () => {
    const more = attested({ more: [INJECTED], tpm: good.tpm });
    const refused = await verifyEvidence(await caseOf(more), verifyCrypto);
    const { galgo } = (earClaims(refused, TERMS) as unknown as Claims).submods;
    assert.equal(galgo["ear.status"], "contraindicated");
    assert.equal(galgo["ear.trustworthiness-vector"]["executables"], 96);
    assert.ok(galgo.galgo.reasons.some(({ reason }) => reason === "WRONG_STATE"));
    const token = `${(await tokenOf(good)).slice(0, -4)}AAAA`;
    const bad = await verifyEvidence({ ...(await caseOf(good)), token }, verifyCrypto);
    const vector = (earClaims(bad, TERMS) as unknown as Claims).submods.galgo;
    assert.deepEqual(Object.values(vector["ear.trustworthiness-vector"]), [99, 0, 0, 0]);
  });

  it("is never taken for evidence, nor evidence for a result", async () => {
    const result = await verifyEvidence(await caseOf(good), verifyCrypto);
    const token = await signResult(result, TERMS, tokenSignerOf(key));
    await assert.rejects(openEatJwt(token, keys), { code: "BAD_HEADER" });
    const hosts = tokenKeysOf([good.signer.key], verifyCrypto.verifier);
    await assert.rejects(openResult(await tokenOf(good), hosts), { code: "BAD_HEADER" });
  });
});
