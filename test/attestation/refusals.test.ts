// SPDX-License-Identifier: Apache-2.0
// The table of refusals: what an attacker may hand to a verifier, and every reason for which it is refused. None is accepted, and no
// reason of a verifier is without an attack.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MODEL_REFUSALS } from "../../src/attest/policy/appraise.ts";
import { OWN_REASONS, type Reason } from "../../src/attest/verify/reasons.ts";
import { verifyEvidence } from "../../src/attest/verify/index.ts";
import { verifyCrypto } from "../helpers/verify-crypto.ts";
import { caseOf } from "../helpers/attested.ts";
import { type Attack, HONEST, KINDS } from "./rows/attack.ts";
import { MODEL_ROWS } from "./rows/model-rows.ts";
import { PLATFORM_ROWS } from "./rows/platform-rows.ts";
import { TOKEN_ROWS } from "./rows/token-rows.ts";

const TABLE: readonly Attack[] = [...TOKEN_ROWS, ...MODEL_ROWS, ...PLATFORM_ROWS];

/** Refusals that the verifying service alone gives: test/verifier has attacks for them. */
const OF_THE_SERVICE = ["UNKNOWN_CHALLENGE", "USED_CHALLENGE", "EXPIRED_CHALLENGE"];

const TOKEN_REASONS: readonly Reason[] = [
  "TOKEN_TOO_LARGE",
  "TOKEN_MALFORMED",
  "TOKEN_BAD_HEADER",
  "TOKEN_ALGORITHM_REFUSED",
  "TOKEN_UNKNOWN_KEY",
  "TOKEN_BAD_SIGNATURE",
  "TOKEN_BAD_CLAIMS",
];

describe("honest evidence", () => {
  it("is accepted", async () => {
    const { accepted, refusals } = await verifyEvidence(await caseOf(HONEST), verifyCrypto);
    assert.deepEqual(refusals, []);
    assert.equal(accepted, true);
  });
});

describe("refused", () => {
  for (const { what, given, reasons } of TABLE) {
    it(`${reasons[0]}: ${what}`, async () => {
      const { accepted, refusals } = await verifyEvidence(await given(), verifyCrypto);
      assert.equal(accepted, false);
      const shown = refusals.map(({ reason, why }) => `${reason}: ${why}`).join("\n");
      assert.deepEqual(new Set(refusals.map(({ reason }) => reason)), new Set(reasons), shown);
      for (const { why } of refusals) assert.match(why, /^[^\p{Cc}]{8,}$/u);
    });
  }
});

describe("the table", () => {
  it("has each kind of attack once, and each of them has a reason of its own", () => {
    const plain = TABLE.filter(({ kind }) => kind !== undefined);
    assert.deepEqual(plain.map(({ kind }) => kind).sort(), [...KINDS].sort());
    assert.equal(new Set(plain.map(({ reasons }) => reasons[0])).size, KINDS.length);
  });

  it("has an attack for every reason of the verifier", () => {
    const attacked = new Set<string>(TABLE.flatMap(({ reasons }) => reasons));
    const missing = [
      ...Object.keys(OWN_REASONS),
      ...TOKEN_REASONS,
      ...MODEL_REFUSALS.map((code) => `MODEL_${code}`),
    ].filter((reason) => !attacked.has(reason));
    assert.deepEqual(missing, OF_THE_SERVICE);
  });
});
