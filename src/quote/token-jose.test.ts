// SPDX-License-Identifier: Apache-2.0
// Tokens of ours are read by another implementation of JWS and JWT, and its tokens by ours: each way, with each algorithm.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import * as jose from "jose";
import { anEvidence } from "../../test/helpers/evidence.ts";
import { aSigner, type TestSigner } from "../../test/helpers/signing.ts";
import {
  EAT_JWT_TYPE,
  evidenceToJson,
  openEatJwt,
  openJws,
  signEatJwt,
  signJws,
  TokenError,
  tokenSignerOf,
} from "../attest/evidence/index.ts";
import { nodeTokenKeys } from "./token-signer.ts";

const ALGS = { Ed25519: "EdDSA", ES256: "ES256", ES384: "ES384" } as const;
const EVIDENCE = anEvidence();

async function refused(opening: Promise<unknown>, code: TokenError["code"]): Promise<void> {
  await assert.rejects(opening, (error) => error instanceof TokenError && error.code === code);
}

/** A token of jose's. Its header is written in the order of the names, as ours are. */
function joseToken(
  { secret, key }: TestSigner,
  header: Readonly<Record<string, unknown>> & { readonly alg: string },
  payload: Uint8Array = evidenceToJson(EVIDENCE),
): Promise<string> {
  const members = { kid: key.id, typ: EAT_JWT_TYPE, ...header };
  const sorted = Object.entries(members).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return new jose.CompactSign(payload)
    .setProtectedHeader({ alg: header.alg, ...Object.fromEntries(sorted) })
    .sign(secret);
}

for (const [kind, alg] of Object.entries(ALGS) as [keyof typeof ALGS, string][]) {
  describe(`evidence signed with ${alg}`, () => {
    const signer = aSigner(kind);
    const keys = nodeTokenKeys([signer.key]);

    it("is verified by jose, by the public key alone", async () => {
      const token = await signEatJwt(EVIDENCE, tokenSignerOf(signer));
      const key = await jose.importSPKI(signer.publicPem, alg);
      const { payload, protectedHeader } = await jose.jwtVerify(token, key, {
        algorithms: [alg],
        typ: EAT_JWT_TYPE,
      });
      assert.deepEqual(protectedHeader, { alg, kid: signer.key.id, typ: EAT_JWT_TYPE });
      assert.equal(payload["eat_profile"], "https://galgo.dev/evidence/v1");
      assert.equal(payload.iat, EVIDENCE.issuedAt);
      const other = await jose.importSPKI(aSigner(kind).publicPem, alg);
      await assert.rejects(
        jose.jwtVerify(token, other),
        jose.errors.JWSSignatureVerificationFailed,
      );
    });

    it("by jose is opened here", async () => {
      const opened = await openEatJwt(await joseToken(signer, { alg }), keys);
      assert.deepEqual(opened, { evidence: EVIDENCE, signature: { alg, kid: signer.key.id } });
    });

    it("of any payload and type goes both ways", async () => {
      const key = await jose.importSPKI(signer.publicPem, alg);
      const property = fc.asyncProperty(
        fc.uint8Array({ maxLength: 200 }),
        fc.stringMatching(/^[a-z0-9.+-]{1,40}$/),
        async (payload, typ) => {
          const ours = await signJws(payload, typ, tokenSignerOf(signer));
          const read = await jose.compactVerify(ours, key);
          assert.deepEqual(Buffer.from(read.payload), Buffer.from(payload));
          const theirs = await joseToken(signer, { alg, typ }, payload);
          assert.deepEqual(
            Buffer.from((await openJws(theirs, typ, keys)).payload),
            Buffer.from(payload),
          );
        },
      );
      await fc.assert(property, { numRuns: 25 });
    });
  });
}

describe("what jose makes and is not ours", () => {
  const signer = aSigner("ES256");
  const keys = nodeTokenKeys([signer.key]);

  it("is refused: a header with more in it", async () => {
    const parts = [{ cty: "json" }, { jku: "https://x/keys" }, { b64: true, crit: ["b64"] }];
    for (const more of parts)
      await refused(
        openEatJwt(await joseToken(signer, { alg: "ES256", ...more }), keys),
        "BAD_HEADER",
      );
    await refused(
      openEatJwt(await joseToken(signer, { alg: "ES256", typ: "JWT" }), keys),
      "BAD_HEADER",
    );
  });

  it("is refused: no signature, or one with a secret that everybody knows", async () => {
    const claims = {
      ...JSON.parse(new TextDecoder().decode(evidenceToJson(EVIDENCE))),
    } as jose.JWTPayload;
    const unsecured = new jose.UnsecuredJWT(claims).encode();
    await refused(openEatJwt(unsecured, keys), "ALGORITHM_REFUSED");
    // the public key taken for the secret of an HMAC
    const hmac = await new jose.CompactSign(evidenceToJson(EVIDENCE))
      .setProtectedHeader({ alg: "HS256", kid: signer.key.id, typ: EAT_JWT_TYPE })
      .sign(new TextEncoder().encode(signer.publicPem));
    await refused(openEatJwt(hmac, keys), "ALGORITHM_REFUSED");
  });

  it("is refused: claims as JSON that is not canonical", async () => {
    const spaced = JSON.stringify(
      JSON.parse(new TextDecoder().decode(evidenceToJson(EVIDENCE))),
      null,
      1,
    );
    const token = await joseToken(signer, { alg: "ES256" }, new TextEncoder().encode(spaced));
    await refused(openEatJwt(token, keys), "MALFORMED");
    const header = { typ: EAT_JWT_TYPE, kid: signer.key.id, alg: "ES256" };
    const unsorted = new jose.CompactSign(evidenceToJson(EVIDENCE)).setProtectedHeader(header);
    await refused(openEatJwt(await unsorted.sign(signer.secret), keys), "MALFORMED");
  });
});
