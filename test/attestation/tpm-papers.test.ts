// SPDX-License-Identifier: Apache-2.0
// The papers by which an attestation key becomes known: what is read, what is refused, and who can confirm.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  akNameOf,
  EnrollmentError,
  isExpected,
  issueChallenge,
  readPaper,
  writePaper,
} from "../../src/attest/tpm/index.ts";
import { nodeCcCrypto } from "../../src/quote/cc-crypto.ts";
import { nodeTpmCrypto as crypto } from "../../src/quote/tpm/index.ts";
import { someAttestation, someEndorsement } from "../helpers/some-endorsement.ts";

const ENROLLMENT = { akPublic: someAttestation(), ekPublic: someEndorsement("ecc") };
const TEXT = writePaper("TpmEnrollment", ENROLLMENT);

describe("a paper", () => {
  it("is read as it was written, whatever it holds", () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 80 });
    const ak = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(bytes, bytes, ak, (blob, secret, digest) => {
        const paper = { ak: `000b${Buffer.from(digest).toString("hex")}`, blob, secret };
        assert.deepEqual(
          readPaper("TpmChallenge", writePaper("TpmChallenge", paper), "c.json"),
          paper,
        );
      }),
    );
  });

  it("that is anything else is refused in one line", () => {
    const kinds = fc.constantFrom("TpmEnrollment", "TpmChallenge", "TpmAnswer", "TpmExpectation");
    const texts = fc.oneof(
      fc.string(),
      fc.json(),
      fc.nat(TEXT.trimEnd().length - 1).map((at) => TEXT.slice(0, at)),
      fc
        .nat(TEXT.trimEnd().length - 1)
        .map((at) => `${TEXT.slice(0, at)}\u0000${TEXT.slice(at + 1)}`),
    );
    fc.assert(
      fc.property(kinds, texts, (kind, text) => {
        try {
          readPaper(kind, text, "p.json");
        } catch (error) {
          assert.ok(error instanceof EnrollmentError, String(error));
          assert.equal(error.message.split("\n").length, 1);
          return;
        }
        assert.fail(`${kind} was read of ${JSON.stringify(text)}`);
      }),
    );
  });

  const parsed: Readonly<Record<string, unknown>> = JSON.parse(TEXT);
  const refused: readonly [why: string, code: string, text: string][] = [
    ["another paper", "OTHER_KIND", TEXT.replace("TpmEnrollment", "TpmChallenge")],
    ["of another version", "BAD_PAPER", TEXT.replace("galgo.dev/v1", "galgo.dev/v2")],
    ["with a member that is not known", "BAD_PAPER", JSON.stringify({ ...parsed, more: "AA==" })],
    ["without a key", "BAD_PAPER", JSON.stringify({ ...parsed, akPublic: undefined })],
    ["with a member twice", "BAD_PAPER", TEXT.replace("{", '{"akPublic": "AA==",')],
    ["with base64 of two spellings", "BAD_PAPER", JSON.stringify({ ...parsed, akPublic: "AB==" })],
    ["that is too long", "BAD_PAPER", TEXT + " ".repeat(70_000)],
    ["that is no object", "OTHER_KIND", "null"],
  ];
  for (const [why, code, text] of refused)
    it(`${why} is refused: ${code}`, () => {
      assert.throws(() => readPaper("TpmEnrollment", text, "p.json"), { code, message: /p\.json/ });
    });
});

describe("a challenge for a TPM", () => {
  it("is confirmed by its own answer and by no other", async () => {
    const { challenge, expectation, facts } = await issueChallenge(ENROLLMENT, undefined, crypto);
    assert.equal(facts, undefined);
    assert.equal(challenge.ak, akNameOf(ENROLLMENT, crypto));
    const answer = new Uint8Array(32).fill(7);
    const known = { ak: challenge.ak, expected: crypto.digest("sha256", answer) };
    assert.equal(isExpected(known, { ak: challenge.ak, answer }, crypto), true);
    assert.equal(isExpected(known, { ak: `000b${"00".repeat(32)}`, answer }, crypto), false);
    for (const other of [answer.subarray(1), Uint8Array.of(...answer, 7), answer.map((b) => b ^ 1)])
      assert.equal(isExpected(known, { ak: challenge.ak, answer: other }, crypto), false);
    assert.equal(isExpected(expectation, { ak: challenge.ak, answer }, crypto), false);
    // what is kept is not what has to be answered
    const kept = { ak: challenge.ak, answer: expectation.expected };
    assert.equal(isExpected(expectation, kept, crypto), false);
  });

  it("is not made where the maker's word is wanted and missing", async () => {
    const trust = { authorities: { roots: [], others: [] }, crypto: nodeCcCrypto, now: Date.now() };
    await assert.rejects(issueChallenge(ENROLLMENT, trust, crypto), { code: "NO_CERTIFICATE" });
  });

  it("is not made for keys that could answer without a TPM", async () => {
    const { akPublic, ekPublic } = ENROLLMENT;
    const swapped = { akPublic: ekPublic, ekPublic: akPublic };
    await assert.rejects(issueChallenge(swapped, undefined, crypto), { code: "WRONG_KIND" });
    const free = akPublic.slice();
    // without `restricted` it signs whatever it is given
    free[5] = (free[5] ?? 0) & ~1;
    await assert.rejects(issueChallenge({ akPublic: free, ekPublic }, undefined, crypto), {
      code: "WRONG_KIND",
    });
  });
});
