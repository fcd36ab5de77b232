// SPDX-License-Identifier: Apache-2.0
// galgo verify of evidence: as a user types it, with files, and the status that it ends with.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { signEatCwt, tokenKeysOf, tokenSignerOf } from "../../src/attest/evidence/index.ts";
import { openResult } from "../../src/attest/verify/index.ts";
import { readFileSync } from "node:fs";
import { attested, INJECTED, NONCE, NOW, SIGNED_MODEL, tokenOf } from "../helpers/attested.ts";
import { aSigner } from "../helpers/signing.ts";
import { policyText } from "../helpers/verifier-policy.ts";
import { verifyCrypto } from "../helpers/verify-crypto.ts";
import { type Outcome, Place } from "./galgo.ts";

const place = new Place();
const good = attested();
const more = attested({ more: [INJECTED], tpm: good.tpm, claims: {} });
const verifier = aSigner("Ed25519");
const AT = ["--at", new Date(NOW).toISOString()];

interface Printed {
  readonly accepted: boolean;
  readonly refusals: readonly { readonly reason: string }[];
  readonly difference?: { readonly added: readonly { readonly coefficient: string }[] };
}

const verify = (file: string, ...args: readonly string[]): Promise<Outcome> =>
  place.galgo("verify", file, "--policy", "policy.json", ...AT, ...args);

before(async () => {
  place.write("policy.json", policyText(good.tpm.akName));
  place.write("good.jwt", `${await tokenOf(good)}\n`);
  place.write("more.jwt", await tokenOf(more));
  const cwt = await signEatCwt(good.evidence, tokenSignerOf(good.signer));
  place.write("good.cwt", Buffer.from(cwt).toString("base64url"));
  place.write("model.json", SIGNED_MODEL);
  place.write("points.txt", good.coefficients.join("\n"));
  place.write("more.txt", more.coefficients.join("\n"));
  place.write("verifier.pem", verifier.privatePem, 0o600);
});
after(() => place.remove());

describe("galgo verify of evidence", () => {
  it("accepts what is good, in either kind of token, and says what nobody checked", async () => {
    const given = ["--nonce", NONCE, "--model", "model.json"];
    const jwt = await verify("good.jwt", ...given, "--coefficients", "points.txt");
    assert.equal(jwt.status, 0, jwt.stdout + jwt.stderr);
    assert.match(jwt.stdout, /^accepted: good\.jwt\n/);
    assert.match(jwt.stdout, /not checked: which build the orchestrator is/);
    const cwt = await verify("good.cwt", ...given);
    assert.equal(cwt.status, 0, cwt.stdout + cwt.stderr);
  });

  it("refuses with all reasons, and names a behaviour that the model lacks", async () => {
    const given = ["--nonce", "00".repeat(16), "--model", "model.json", "--json"];
    const outcome = await verify("more.jwt", ...given, "--coefficients", "more.txt");
    assert.equal(outcome.status, 1, outcome.stderr);
    const { accepted, refusals, difference } = JSON.parse(outcome.stdout) as Printed;
    assert.equal(accepted, false);
    const reasons = refusals.map(({ reason }) => reason);
    for (const wanted of ["WRONG_NONCE", "VIOLATIONS", "WRONG_STATE"]) {
      assert.ok(reasons.includes(wanted), `${wanted} in ${reasons.join()}`);
    }
    assert.deepEqual(difference?.added, [{ coefficient: INJECTED }]);
  });

  it("writes the result as a token that says the same", async () => {
    const result = ["--result", place.path("result.jwt"), "--result-key", "verifier.pem"];
    const outcome = await verify("good.jwt", "--nonce", NONCE, ...result);
    assert.equal(outcome.status, 1, outcome.stderr);
    assert.match(outcome.stdout, /MODEL_NOT_GIVEN/);
    const token = readFileSync(place.path("result.jwt"), "utf8").trim();
    const keys = tokenKeysOf([verifier.key], verifyCrypto.verifier);
    const claims = JSON.stringify(await openResult(token, keys));
    assert.match(claims, /"ear\.status":"contraindicated"/);
    assert.match(claims, /"reason":"MODEL_NOT_GIVEN"/);
  });

  it("ends with 2 where it can not begin, with one line", async () => {
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [["verify", "good.jwt"], /--policy FILE/],
      [["verify", "good.jwt", "--policy", "policy.json", "--result", "r"], /--result-key PRIVATE/],
      [["verify", "good.jwt", "--policy", "policy.json", "--result-key", "k"], /--result FILE/],
      [["verify", "good.jwt", "--policy", "policy.json", "--digest", "sha512"], /--digest is for/],
      [["verify", "good.jwt", "--policy", "nowhere.json"], /can not read nowhere\.json/],
      [["verify", "good.jwt", "--policy", "policy.json", "--nonce", "xy"], /--nonce takes 8 to 64/],
      [["verify", "good.jwt", "--policy", "model.json"], /is no verifier's policy/],
      [["verify", "model.json", "--nonce", NONCE, "--policy", "policy.json"], /holds no token/],
    ];
    for (const [args, words] of cases) {
      const { status, stdout, stderr } = await place.galgo(...args);
      assert.equal(status, 2, stderr);
      assert.equal(stdout, "");
      assert.match(stderr, words);
      assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
    }
  });
});
