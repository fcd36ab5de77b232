// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { attested, caseOf } from "../../../test/helpers/attested.ts";
import { verifyCrypto } from "../../../test/helpers/verify-crypto.ts";
import { verifyEvidence } from "./verify.ts";

describe("verifyEvidence", () => {
  it("accepts an honest run on a machine with a TPM, and says what it did not check", async () => {
    const result = await verifyEvidence(await caseOf(attested()), verifyCrypto);
    assert.deepEqual(result.refusals, []);
    assert.equal(result.accepted, true);
  });
});
