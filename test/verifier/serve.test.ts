// SPDX-License-Identifier: Apache-2.0
// The verifier over HTTP, as a machine that attests uses it: challenge, evidence, result.
import assert from "node:assert/strict";
import { request } from "node:http";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { tokenKeysOf } from "../../src/attest/evidence/index.ts";
import { publicKeyOfPem } from "../../src/attest/keys/keys.ts";
import { openResult, type VerifyResult } from "../../src/attest/verify/index.ts";
import { startVerifier, type VerifierService } from "../../src/verifier/service/index.ts";
import { type Attested, attested, type Scene, SIGNED_MODEL, tokenOf } from "../helpers/attested.ts";
import { aSigner } from "../helpers/signing.ts";
import { SoftTpm } from "../helpers/soft-tpm.ts";
import { policyText } from "../helpers/verifier-policy.ts";
import { verifyCrypto } from "../helpers/verify-crypto.ts";

const folder = mkdtempSync(join(tmpdir(), "galgo-verifier-"));
const file = (name: string): string => join(folder, name);
const machine = new SoftTpm();
const told: VerifyResult[] = [];
const faults: unknown[] = [];
let service: VerifierService;

before(async () => {
  writeFileSync(file("policy.json"), policyText(machine.akName));
  writeFileSync(file("key.pem"), aSigner("ES256").privatePem, { mode: 0o600 });
  service = await startVerifier({
    version: "0.0.0",
    policy: file("policy.json"),
    key: file("key.pem"),
    listen: "127.0.0.1:0",
    onResult: (result) => told.push(result),
    onError: (error) => faults.push(error),
  });
});
after(async () => {
  await service.close();
  rmSync(folder, { recursive: true, force: true });
  assert.deepEqual(faults, []);
});

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

async function ask(path: string, body?: unknown, type = "application/json"): Promise<Answer> {
  const response = await fetch(`${service.address}${path}`, {
    ...(body !== undefined && {
      method: "POST",
      body: typeof body === "string" ? body : JSON.stringify(body),
      headers: { "content-type": type },
    }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function challenge(order: object = {}): Promise<string> {
  const { status, body } = await ask("/v1/challenges", order);
  assert.equal(status, 201, JSON.stringify(body));
  return String(body["nonce"]);
}

/** A run on the machine, attested now for this nonce. The machine has just been started. */
function run(nonce: string, changes: Partial<Scene> = {}): Attested {
  const now = Math.floor(Date.now() / 1_000);
  machine.reset();
  const claims = { nonce, issuedAt: now, started: now - 10, ...changes.claims };
  return attested({ tpm: machine, ...changes, claims });
}

async function give(nonce: string, given: Attested, more: object = {}): Promise<Answer> {
  return await ask("/v1/evidence", {
    nonce,
    evidence: await tokenOf(given),
    models: [{ name: "model.json", text: SIGNED_MODEL }],
    ...more,
  });
}

const reasons = ({ body }: Answer): readonly string[] =>
  (body["reasons"] as { readonly reason: string }[]).map(({ reason }) => reason);

describe("galgo verifier serve", () => {
  it("accepts an answer to its challenge, in a result that its key has signed", async () => {
    const nonce = await challenge();
    const answer = await give(nonce, run(nonce));
    assert.equal(answer.status, 200);
    assert.deepEqual(reasons(answer), []);
    assert.equal(answer.body["accepted"], true);
    const { body: key } = await ask("/v1/key");
    const pem = publicKeyOfPem(String(key["publicKey"]), verifyCrypto.verifier, "the key");
    const keys = tokenKeysOf([pem], verifyCrypto.verifier);
    const result = JSON.stringify(await openResult(String(answer.body["result"]), keys));
    assert.match(result, /"ear\.status":"affirming"/);
    assert.match(
      result,
      new RegExp(`"eat_nonce":"${Buffer.from(nonce, "hex").toString("base64url")}"`),
    );
    assert.equal(told.at(-1)?.accepted, true);
  });

  it("takes one answer for a challenge, even when that was a bad one", async () => {
    const nonce = await challenge();
    const bad = await give(nonce, run(nonce, { signer: aSigner("ES256") }));
    assert.deepEqual(reasons(bad), ["TOKEN_UNKNOWN_KEY"]);
    const again = await give(nonce, run(nonce));
    assert.equal(again.body["accepted"], false);
    assert.deepEqual(reasons(again), ["USED_CHALLENGE"]);
  });

  it("accepts one of many answers to a challenge that come at the same time", async () => {
    const nonce = await challenge();
    const given = run(nonce);
    const answers = await Promise.all(Array.from({ length: 6 }, () => give(nonce, given)));
    const good = answers.filter(({ body }) => body["accepted"] === true);
    assert.equal(good.length, 1);
    for (const answer of answers) {
      if (answer !== good[0]) assert.deepEqual(reasons(answer), ["USED_CHALLENGE"]);
    }
  });

  it("does not begin with keys that enroll, and nobody who vouches for them", async () => {
    const terms = { version: "0.0.0", policy: file("policy.json"), key: file("key.pem") };
    const listen = "127.0.0.1:0";
    const hear = { onResult: () => {}, onError: () => {} };
    const started = startVerifier({ ...terms, listen, enrolled: file("enrolled.json"), ...hear });
    await assert.rejects(started, /--enrolled keeps keys that enroll: say which makers/);
  });

  it("refuses evidence for another challenge, and a challenge that it never gave", async () => {
    const [one, other] = [await challenge(), await challenge()];
    assert.deepEqual(reasons(await give(one, run(other))), ["WRONG_NONCE"]);
    const made = "ab".repeat(32);
    assert.deepEqual(reasons(await give(made, run(made))), ["UNKNOWN_CHALLENGE"]);
  });

  it("knows the base that it gave a run to begin with, and no other", async () => {
    const base = await challenge({ use: "start" });
    const nonce = await challenge();
    const given = run(nonce, { base });
    assert.deepEqual(reasons(await give(nonce, given, { base })), []);
    const late = await challenge();
    assert.deepEqual(reasons(await give(late, run(late), { base })), ["NO_BASE"]);
    // one for a run is none for evidence, nor the other way around
    assert.deepEqual(reasons(await give(base, run(base))), ["UNKNOWN_CHALLENGE"]);
    const third = await challenge();
    const swapped = await give(third, run(third, { base: nonce }), { base: nonce });
    assert.deepEqual(reasons(swapped), ["UNKNOWN_CHALLENGE"]);
  });

  it("says in one line what is wrong with a request", async () => {
    const cases: readonly (readonly [string, unknown, string, number, string])[] = [
      ["/v1/evidence", "{", "application/json", 400, "BAD_REQUEST"],
      ["/v1/evidence", {}, "application/json", 400, "BAD_REQUEST"],
      [
        "/v1/evidence",
        { nonce: "00".repeat(16), evidence: "x", a: 1 },
        "application/json",
        400,
        "BAD_REQUEST",
      ],
      ["/v1/evidence", '{"nonce":"00","nonce":"01"}', "application/json", 400, "BAD_REQUEST"],
      ["/v1/challenges", {}, "text/plain", 415, "WRONG_TYPE"],
      ["/v1/challenges", { use: "x" }, "application/json", 400, "BAD_REQUEST"],
      ["/v1/enrollments", {}, "application/json", 501, "NOT_SERVED"],
      ["/v1/nothing", {}, "application/json", 404, "NOT_FOUND"],
    ];
    for (const [path, body, type, status, code] of cases) {
      const answer = await ask(path, body, type);
      assert.deepEqual([answer.status, answer.body["code"]], [status, code], path);
    }
  });

  it("takes no body without its size, and none that is too large, before it is sent", async () => {
    const { port } = new URL(service.address);
    const status = (headers: Readonly<Record<string, string>>): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const asked = request(
          { port, path: "/v1/evidence", method: "POST", headers },
          (response) => {
            response.resume();
            resolve(response.statusCode);
            asked.destroy();
          },
        );
        asked.on("error", reject);
        asked.flushHeaders();
      });
    const json = { "content-type": "application/json" };
    assert.equal(await status({ ...json, "content-length": String(1 << 30) }), 413);
    assert.equal(await status({ ...json, "transfer-encoding": "chunked" }), 400);
  });

  it("is not troubled by who goes away in the middle of a request", async () => {
    const { port } = new URL(service.address);
    const headers = { "content-type": "application/json", "content-length": "1000" };
    const asked = request({ port, path: "/v1/challenges", method: "POST", headers });
    asked.on("error", () => {});
    asked.write("{", () => asked.destroy());
    await new Promise((closed) => asked.on("close", closed));
    // what it says of that would have come before this answer; `after` looks at the faults
    await challenge();
  });

  it("keeps its policy when a new one is none", async () => {
    const { digest } = service.policy;
    writeFileSync(file("policy.json"), "{}");
    assert.throws(() => service.reload(), /is no verifier's policy/);
    assert.equal(service.policy.digest, digest);
    const { body } = await ask("/v1/health");
    assert.equal((body["policy"] as { digest: string }).digest, digest);
  });
});
