// SPDX-License-Identifier: Apache-2.0
// Each kind of attack, over the command and over the service: refused by both, with the reason that is its own. The whole table, with
// every reason, is in test/attestation.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { decodeBase64url, encodeBase64url } from "../../src/attest/encoding/strict-base64.ts";
import type { Evidence } from "../../src/attest/evidence/index.ts";
import type { Reason } from "../../src/attest/verify/index.ts";
import { stringifyWorkloadModel } from "../../src/model/index.ts";
import { startVerifier, type VerifierService } from "../../src/verifier/service/index.ts";
import { KINDS, type Kind, tpmOf } from "../attestation/rows/attack.ts";
import { Place } from "../cli/galgo.ts";
import {
  type Attested,
  attested,
  MODEL,
  type Scene,
  SIGNED_MODEL,
  STRANGER,
  tokenOf,
} from "../helpers/attested.ts";
import { aModel, coefficient } from "../helpers/models.ts";
import { aSigner, flipped } from "../helpers/signing.ts";
import { SoftTpm } from "../helpers/soft-tpm.ts";
import { policyText } from "../helpers/verifier-policy.ts";

const place = new Place();
const machine = new SoftTpm();
let service: VerifierService;

before(async () => {
  const policy = JSON.parse(policyText(machine.akName));
  policy.keys.push({
    name: "old",
    publicKey: STRANGER.publicPem,
    notAfter: "2026-01-01T00:00:00Z",
  });
  place.write("policy.json", JSON.stringify(policy));
  place.write("key.pem", aSigner("ES256").privatePem, 0o600);
  service = await startVerifier({
    version: "0.0.0",
    policy: place.path("policy.json"),
    key: place.path("key.pem"),
    listen: "127.0.0.1:0",
    onResult: () => {},
    onError: (error) => assert.fail(String(error)),
  });
});
after(async () => {
  await service.close();
  place.remove();
});

/** What is handed over. */
interface Handed {
  readonly nonce: string;
  readonly token: string;
  readonly model: string;
}

const handed = (nonce: string, token: string, model = SIGNED_MODEL): Handed => ({
  nonce,
  token,
  model,
});

/** The workload, attested now for this challenge. */
function honest(nonce: string, changes: Partial<Scene> = {}): Attested {
  machine.reset();
  const issuedAt = Math.floor(Date.now() / 1_000);
  const claims = { nonce, issuedAt, started: issuedAt - 100, ...changes.claims };
  return attested({ tpm: machine, ...changes, claims });
}

const scene =
  (changes: (now: number) => Partial<Scene>) =>
  async (nonce: string): Promise<Handed> =>
    handed(nonce, await tokenOf(honest(nonce, changes(Math.floor(Date.now() / 1_000)))));

const text =
  (change: (parts: readonly string[]) => string) =>
  async (nonce: string): Promise<Handed> =>
    handed(nonce, change((await tokenOf(honest(nonce))).split(".")));

const lossy = { ...honest("00".repeat(16)).evidence.counts, lost: 3 };

/** With what is told about losses exchanged in the claims, the signature kept. */
async function hidden(nonce: string): Promise<Handed> {
  const told = honest(nonce, { claims: { counts: lossy } });
  const evidence: Evidence = { ...told.evidence, counts: { ...lossy, lost: 0 } };
  const [head, , tail] = (await tokenOf(told)).split(".");
  const [, body] = (await tokenOf({ ...told, evidence })).split(".");
  return handed(nonce, [head, body, tail].join("."));
}

async function otherRegister(nonce: string): Promise<Handed> {
  const made = honest(nonce);
  const tpm = tpmOf(made.evidence);
  const pcrs = tpm.pcrs.map((each) =>
    each.index === 0 ? { index: 0, value: "ab".repeat(32) } : each,
  );
  const evidence = { ...made.evidence, platform: { ...tpm, pcrs } };
  return handed(nonce, await tokenOf({ ...made, evidence }));
}

const ATTACKS: Readonly<
  Record<Kind, { readonly reason: Reason; readonly make: (nonce: string) => Promise<Handed> }>
> = {
  replay: {
    reason: "WRONG_NONCE",
    make: async (nonce) => handed(nonce, await tokenOf(honest("dead".repeat(8)))),
  },
  "stale nonce": {
    reason: "STALE",
    make: scene((now) => ({ claims: { issuedAt: now - 120, started: now - 200 } })),
  },
  "swapped model": {
    reason: "UNKNOWN_MODEL",
    make: scene(() => ({
      model: aModel({ name: "shop-web", points: [1, 2, 3, 4].map(coefficient) }),
    })),
  },
  "other workload's evidence": {
    reason: "UNKNOWN_WORKLOAD",
    make: scene(() => ({ claims: { workload: { name: "till", id: "r" } } })),
  },
  "flipped bit": {
    reason: "TOKEN_BAD_SIGNATURE",
    make: text(([head, body = "", tail]) => {
      const bytes = decodeBase64url(body) ?? new Uint8Array(1);
      const at = new TextDecoder().decode(bytes).indexOf('"state":"') + 9;
      return [head, encodeBase64url(flipped(bytes, at * 8)), tail].join(".");
    }),
  },
  "truncated token": { reason: "TOKEN_MALFORMED", make: text(([head, body]) => `${head}.${body}`) },
  "alg=none": {
    reason: "TOKEN_ALGORITHM_REFUSED",
    make: text(([, body]) => {
      const header = Buffer.from('{"alg":"none","kid":"x","typ":"eat+jwt"}').toString("base64url");
      return `${header}.${body}.`;
    }),
  },
  "wrong PCR": { reason: "QUOTE_WRONG_PCR", make: otherRegister },
  "unsigned model": {
    reason: "MODEL_UNSIGNED",
    make: async (nonce) =>
      handed(nonce, await tokenOf(honest(nonce)), stringifyWorkloadModel(MODEL)),
  },
  "expired key": { reason: "KEY_EXPIRED", make: scene(() => ({ signer: STRANGER })) },
  "lost events hidden": { reason: "TOKEN_BAD_SIGNATURE", make: hidden },
};

interface Verdict {
  readonly accepted: boolean;
  readonly reasons: readonly string[];
}

/** By `galgo verify`, as a user types it. */
async function byCommand({ nonce, token, model }: Handed, name: string): Promise<Verdict> {
  const file = place.write(`${name}.jwt`, token);
  const given = ["--model", place.write(`${name}.model.json`, model), "--nonce", nonce, "--json"];
  const { status, stdout, stderr } = await place.galgo(
    ...["verify", file, "--policy", place.path("policy.json"), ...given],
  );
  assert.ok(status === 0 || status === 1, stderr);
  const { accepted, refusals } = JSON.parse(stdout);
  assert.equal(accepted, status === 0);
  return { accepted, reasons: refusals.map(({ reason }: { reason: string }) => reason) };
}

async function post(path: string, body: object): Promise<Record<string, unknown>> {
  const response = await fetch(`${service.address}${path}`, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json" },
  });
  return (await response.json()) as Record<string, unknown>;
}

async function challenge(): Promise<string> {
  return String((await post("/v1/challenges", {}))["nonce"]);
}

/** By the service, for a challenge of its own. */
async function byService({ nonce, token, model }: Handed): Promise<Verdict> {
  const models = [{ name: "model.json", text: model }];
  const answer = await post("/v1/evidence", { nonce, evidence: token, models });
  const refusals = answer["reasons"] as { reason: string }[] | undefined;
  assert.ok(refusals !== undefined, JSON.stringify(answer));
  return { accepted: answer["accepted"] === true, reasons: refusals.map(({ reason }) => reason) };
}

describe("the honest workload", () => {
  it("is accepted by both", async () => {
    const nonce = await challenge();
    const given = handed(nonce, await tokenOf(honest(nonce)));
    assert.deepEqual(await byCommand(given, "honest"), { accepted: true, reasons: [] });
    assert.deepEqual(await byService(given), { accepted: true, reasons: [] });
  });
});

describe("refused by the command and by the service", () => {
  for (const kind of KINDS) {
    const { reason, make } = ATTACKS[kind];
    it(`${reason}: ${kind}`, async () => {
      const given = await make(await challenge());
      for (const verdict of [
        await byCommand(given, kind.replaceAll(" ", "-")),
        await byService(given),
      ]) {
        assert.equal(verdict.accepted, false);
        assert.ok(verdict.reasons.includes(reason), verdict.reasons.join());
      }
    });
  }

  it("USED_CHALLENGE: the right answer, given to the service twice", async () => {
    const nonce = await challenge();
    const given = handed(nonce, await tokenOf(honest(nonce)));
    assert.equal((await byService(given)).accepted, true);
    const again = await post("/v1/evidence", { nonce, evidence: given.token });
    assert.match(JSON.stringify(again), /USED_CHALLENGE/);
    assert.doesNotMatch(JSON.stringify(again), /"accepted":true/);
  });
});
