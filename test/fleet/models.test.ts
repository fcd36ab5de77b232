// SPDX-License-Identifier: Apache-2.0
// Signed models through a fleet: taken, fetched by hosts, extended by what was approved, rolled out, and taken back by itself.
import assert from "node:assert/strict";
import { request } from "node:https";
import { after, before, describe, it } from "node:test";
import { appraiseModel } from "../../src/attest/policy/appraise.ts";
import { policyOfKeys } from "../../src/attest/policy/trust-policy.ts";
import { publicKeyOfPem } from "../../src/attest/keys/keys.ts";
import { readEnvelope } from "../../src/attest/signed/dsse.ts";
import { modelDigest } from "../../src/model/index.ts";
import type {
  ModelDiffAnswer,
  ModelKeyRow,
  ModelRow,
  RolloutRow,
} from "../../src/wire/api/index.ts";
import type { Item } from "../../src/wire/link/index.ts";
import { askUntil } from "../helpers/ask-until.ts";
import { FleetAgent } from "../helpers/fleet-agent.ts";
import { aBehaviour, aViolation, aWorkload, digestOf } from "../helpers/fleet-items.ts";
import { type ApiAnswer, FleetServer } from "../helpers/fleet-server.ts";
import { aModel, coefficient } from "../helpers/models.ts";
import { noNatsServer } from "../helpers/nats-cluster.ts";
import { aSigner, nodeVerifier, signedModelText } from "../helpers/signing.ts";
import { SHA256, testHasher } from "../helpers/test-hasher.ts";

const signer = aSigner("Ed25519");
const model = aModel({ name: "shop" });
const digest = modelDigest(model, SHA256);
const text = signedModelText(model, signer, "ab".repeat(32));
let fleet: FleetServer;
let agents: FleetAgent[] = [];

/** Uploads bytes as they are. */
async function upload(body: string): Promise<ApiAnswer> {
  return new Promise((done, fail) => {
    const headers = {
      authorization: `Bearer ${fleet.adminToken}`,
      "content-type": "application/octet-stream",
      "content-length": `${Buffer.byteLength(body)}`,
    };
    const { ca } = fleet.context.tls;
    const options = { method: "POST", headers, ca, agent: false };
    const asked = request(new URL("/api/v1/models", fleet.url), options, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("end", () => {
        const said = Buffer.concat(parts).toString("utf8");
        const { statusCode: status = 0 } = response;
        done({ status, headers: response.headers, text: said, body: JSON.parse(said) });
      });
    });
    asked.on("error", fail);
    asked.end(body);
  });
}

async function get<T>(path: string): Promise<T> {
  const { status, body, text: said } = await fleet.api(`/api/v1/${path}`);
  assert.equal(status, 200, said);
  return body as T;
}

async function tell(agent: FleetAgent, ...items: readonly Item[]): Promise<void> {
  await agent.tell(...items);
}

describe("models of a fleet", { skip: noNatsServer() }, () => {
  before(async () => {
    fleet = await FleetServer.start();
    agents = await Promise.all([1, 2].map((n) => FleetAgent.start(fleet, `host-${n}`)));
  });
  after(async () => {
    for (const agent of agents) await agent.close();
    await fleet?.close();
  });

  it("are taken when a key that is trusted has signed them, as they were signed", async () => {
    const refusedAs = async (body: string, why: RegExp): Promise<void> => {
      const { status, text: said } = await upload(body);
      assert.equal(status, 403, said);
      assert.match(said, why);
    };
    await refusedAs(JSON.stringify(model), /UNTRUSTED.*galgo sign/);
    await refusedAs(text, /UNKNOWN_KEY/);
    const key = { name: "release", publicKey: signer.publicPem };
    assert.equal((await fleet.api("/api/v1/model-keys", { body: key })).status, 201);
    assert.equal((await fleet.api("/api/v1/model-keys", { body: key })).status, 409);
    const envelope = JSON.parse(text) as { payload: string };
    const payload = Buffer.from(envelope.payload, "base64").toString().replace('"shop"', '"evil"');
    const changed = { ...envelope, payload: Buffer.from(payload).toString("base64") };
    await refusedAs(JSON.stringify(changed), /BAD_SIGNATURE/);
    const { status, body } = await upload(text);
    assert.equal(status, 201);
    const row = body as ModelRow;
    assert.deepEqual(
      [row.digest, row.name, row.version, row.signedBy],
      [digest, "shop", 1, ["release"]],
    );
    assert.equal((await upload(text)).status, 201);
    assert.equal((await get<{ total: number }>("models")).total, 1);
    assert.equal((await fleet.api("/api/v1/models/..%2f..%2fkeys%2fmodel.pem")).status, 404);
  });

  it("are given to hosts in pieces, by digest", async () => {
    const [agent] = agents;
    assert.ok(agent);
    const whole = Buffer.from(text);
    const first = await agent.ask("model", { v: 1, digest, offset: 0 });
    assert.equal(first["size"], whole.length);
    assert.deepEqual(Buffer.from(String(first["data"]), "base64"), whole.subarray(0, 160 * 1024));
    const rest = await agent.ask("model", { v: 1, digest, offset: 10 });
    assert.deepEqual(Buffer.from(String(rest["data"]), "base64"), whole.subarray(10));
    const unknown = await agent.ask("model", { v: 1, digest: "00".repeat(32), offset: 0 });
    assert.equal(unknown["problem"], "NOT_FOUND");
  });

  it("get behaviours that hosts have told of, approved, as a version that the fleet signs", async () => {
    const [agent] = agents;
    assert.ok(agent);
    const seen = digestOf("opens <b>/etc/shadow");
    const approve = (coefficients: readonly string[]): Promise<ApiAnswer> =>
      fleet.api(`/api/v1/models/${digest}/approve`, { body: { coefficients, reason: "it may" } });
    for (const [coefficients, why] of [
      [[digestOf("never seen")], /no host has ever told/],
      [["00"], /no coefficient/],
      [["'; drop table models; --"], /no coefficient/],
    ] as const) {
      const { status, text: said } = await approve(coefficients);
      assert.deepEqual([status, why.test(said)], [400, true], said);
    }
    await tell(agent, aBehaviour("run-1", "opens <b>/etc/shadow"), {
      ...aBehaviour("run-1", "x"),
      coefficient: coefficient(1),
    });
    const made = await askUntil(
      () => approve([seen]),
      ({ status }) => status === 201,
    );
    const next = made.body as ModelRow;
    assert.deepEqual(
      [next.version, next.behaviours, next.parent, next.signedBy],
      [2, 4, digest, ["fleet"]],
    );
    assert.equal((await approve([coefficient(1)])).status, 400, "it is in the model already");
    const file = await fleet.api(`/api/v1/models/${next.digest}/file`);
    const { rows } = await get<{ rows: readonly ModelKeyRow[] }>("model-keys");
    const own = rows.find((key) => key.own)?.publicKey ?? "";
    const found = appraiseModel(readEnvelope(file.text, "it"), {
      policy: policyOfKeys([publicKeyOfPem(own, nodeVerifier, "fleet")]),
      verifier: nodeVerifier,
      hasher: testHasher,
      now: Date.now(),
      name: "it",
    });
    assert.ok(found.trusted);
    assert.deepEqual([found.digest, found.model.spec.amended?.points], [next.digest, 1]);
    const diff = await get<ModelDiffAnswer>(`models/${next.digest}/diff?with=${digest}`);
    assert.equal(diff.diff.common, 3);
    assert.deepEqual(
      diff.diff.programs.flatMap(({ changes }) => changes.map(({ sign, words }) => [sign, words])),
      [["+", '"opens <b>/etc/shadow"']],
    );
  });

  it("are rolled out in steps, which stop at a violation and go back", async () => {
    const [one, two] = agents;
    assert.ok(one && two);
    const workload = { ...aWorkload("run-9", { name: "shop" }), model: { name: "shop", digest } };
    for (const agent of agents) await tell(agent, workload);
    const { db } = fleet.context.store;
    await askUntil(
      () => db.selectFrom("workloads").select("host").execute(),
      ({ length }) => length === 2,
    );
    const order = { name: "shop", digest, shares: [50, 100], watchSeconds: 3_600 };
    const begun = await fleet.api("/api/v1/rollouts", { body: order });
    assert.deepEqual([begun.status, (begun.body as RolloutRow).steps.length], [201, 2]);
    const { id } = begun.body as RolloutRow;
    assert.equal((await fleet.api("/api/v1/rollouts", { body: order })).status, 409);
    const isNew = (name: string) => (body: { kind: string; args: object }) =>
      body.kind === "model" && JSON.stringify(body.args) === JSON.stringify({ name, digest });
    const first = await Promise.race(
      agents.map(async (agent) => ({ agent, command: await agent.command(isNew("shop")) })),
    );
    const other = first.agent === one ? two : one;
    const result = {
      kind: "result",
      at: Date.now(),
      status: "done",
      words: "from its next start on",
    } as const;
    await tell(first.agent, { ...result, command: first.command.id });
    const row = (): Promise<RolloutRow> => get<RolloutRow>(`rollouts/${id}`);
    await askUntil(row, ({ steps }) => steps[0]?.state === "watching");
    await tell(first.agent, aViolation("run-9", 1, { model: digest }));
    await askUntil(row, ({ state }) => state === "rolling-back");
    const back = await first.agent.command(
      ({ kind, args }) => kind === "model" && "digest" in args && args.digest === null,
    );
    await tell(first.agent, { ...result, command: back.id });
    const ended = await askUntil(row, ({ state }) => state !== "rolling-back");
    assert.deepEqual([ended.state, ended.reason], ["rolled-back", "1 new violation"]);
    assert.equal(
      other.commands.some(({ kind }) => kind === "model"),
      false,
    );
  });
});
