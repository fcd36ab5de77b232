// SPDX-License-Identifier: Apache-2.0
// Verdicts from one end to the other: a workload asks its daemon, the daemon its fleet, somebody decides, and every host knows.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { NatsConnection } from "@nats-io/transport-node";
import { publicKeyOfPem } from "../../src/attest/keys/keys.ts";
import { daemonCommandLine } from "../../src/cli/daemon-run.ts";
import { launchPart } from "../../src/daemon/index.ts";
import { builtFile, nativeName } from "../../src/native/built-file.ts";
import { nodeVerifier } from "../../src/quote/node-verifier.ts";
import { modelDigest } from "../../src/model/index.ts";
import type {
  AuditRow,
  CommandRow,
  Rows,
  VerdictPolicyRow,
  VerdictRow,
} from "../../src/wire/api/index.ts";
import {
  DOWN_ALL,
  openRulings,
  problemOfAnswer,
  readVerdictAnswer,
  type Rulings,
  upSubject,
} from "../../src/wire/link/index.ts";
import { askUntil } from "../helpers/ask-until.ts";
import { AskingWorkload } from "../helpers/asking-workload.ts";
import { DaemonPlace } from "../helpers/daemon-place.ts";
import { type ApiAnswer, FleetServer, type TestHost } from "../helpers/fleet-server.ts";
import { type Joined, joinedDaemon } from "../helpers/joined-daemon.ts";
import { aModel } from "../helpers/models.ts";
import { noNatsServer } from "../helpers/nats-cluster.ts";
import { aSigner, signedModelText } from "../helpers/signing.ts";
import { SHA256 } from "../helpers/test-hasher.ts";

const MODEL = "a".repeat(64);
const digest = (): string => randomBytes(32).toString("hex");
const nonce = (): string => randomBytes(16).toString("hex");

let fleet: FleetServer;
let host: TestHost;
let bus: NatsConnection;

async function asked(body: object): Promise<unknown> {
  const subject = upSubject(host.enrolled.host, "ask.verdict");
  const answer = await bus.request(subject, JSON.stringify(body), { timeout: 10_000 });
  return answer.json();
}

function opened(envelope: string): Rulings {
  const keys = host.enrolled.commandKeys.map((pem) => publicKeyOfPem(pem, nodeVerifier, "a key"));
  return openRulings(envelope, keys, nodeVerifier);
}

async function said(body: object): Promise<Rulings> {
  return opened(readVerdictAnswer(await asked({ v: 1, ...body })).envelope);
}

function question(coefficient: string, more: object = {}): object {
  const told = { run: "r1", name: "web", words: "opens x" };
  return { nonce: nonce(), model: MODEL, coefficient, ...told, ...more };
}

async function decide(id: string, body: object): Promise<ApiAnswer> {
  return fleet.api(`/api/v1/verdicts/${encodeURIComponent(id)}`, { body });
}

async function list(state: string, q = ""): Promise<readonly VerdictRow[]> {
  const { body } = await fleet.api(`/api/v1/verdicts?state=${state}&q=${encodeURIComponent(q)}`);
  return (body as Rows<VerdictRow>).rows;
}

/** An order over the API, until the host has answered that it is done. */
async function carriedOut(
  of: string,
  order: { readonly kind: string; readonly args?: object },
  select: object = { all: true },
): Promise<void> {
  const body = { ...order, target: { hosts: [of], select } };
  const { body: made, text } = await fleet.api("/api/v1/commands", { body });
  const { id } = made as CommandRow;
  assert.ok(id !== undefined, text);
  const { hosts } = await askUntil(
    async () => (await fleet.api(`/api/v1/commands/${id}`)).body as CommandRow,
    (row) => row.hosts.waiting === 0,
  );
  const results = await fleet.api(`/api/v1/commands/${id}/results`);
  assert.equal(hosts.done, 1, `${order.kind}: ${results.text}`);
}

describe("verdicts of a fleet", { skip: noNatsServer() }, () => {
  before(async () => {
    fleet = await FleetServer.start();
    host = await fleet.host();
    bus = await host.connect();
  });
  after(async () => {
    await bus.close();
    await fleet.close();
  });

  it("wait for somebody, are answered when he has decided, and are sent to all hosts", async () => {
    const coefficient = digest();
    const text = "opens <img src=x onerror=alert(1)>'; drop table verdict_questions; -- \u0000";
    const ask = question(coefficient, { words: text });
    const pending = await said(ask);
    assert.deepEqual([pending.pending, pending.rulings], [true, []]);
    await said({ ...ask, run: "r2", nonce: nonce() });
    const [row] = await list("pending", coefficient);
    assert.deepEqual([row?.asked, row?.workloads, row?.hosts, row?.name], [2, 2, 1, "web"]);
    assert.equal(row?.words, text.replace("\0", "\ufffd"));
    const heard = bus.subscribe(DOWN_ALL.verdict, { max: 1 });
    await bus.flush();
    const answer = await decide(row?.id ?? "", { verdict: "allow", reason: "seen in the tests" });
    assert.equal(answer.status, 200, answer.text);
    for await (const message of heard) {
      const [ruling] = opened(message.string()).rulings;
      assert.deepEqual([ruling?.coefficient, ruling?.verdict], [coefficient, "allow"]);
    }
    const now = await said(question(coefficient));
    assert.deepEqual([now.rulings[0]?.verdict, now.pending], ["allow", undefined]);
    const [decided] = await list("decided", coefficient);
    assert.deepEqual([decided?.verdict, decided?.reason], ["allow", "seen in the tests"]);
    const { body } = await fleet.api(`/api/v1/audit?q=${coefficient}`);
    const [line] = (body as Rows<AuditRow>).rows;
    assert.deepEqual([line?.action, line?.result], ["verdict", "done"]);
  });

  it("can be asked for since a number, and the last one about a behaviour is the one that counts", async () => {
    const [first, second] = [digest(), digest()];
    const { rulings: before } = await said({ nonce: nonce(), since: 0 });
    const since = before.at(-1)?.rev ?? 0;
    await decide(`${MODEL}~${first}`, { verdict: "deny" });
    await decide(`${MODEL}~${second}`, { verdict: "kill" });
    await decide(`${MODEL}~${first}`, { verdict: "taken back" });
    const { rulings } = await said({ nonce: nonce(), since });
    const known = rulings.map(({ coefficient, verdict }) => [coefficient, verdict]);
    assert.deepEqual(known, [
      [second, "kill"],
      [first, "taken back"],
    ]);
    assert.equal((await said(question(first))).pending, true);
    const other = await said({ nonce: nonce(), since, models: [digest()] });
    assert.deepEqual(other.rulings, []);
  });

  it("follow a policy where nobody has decided, which counts for that answer alone", async () => {
    const policy = (body: object): Promise<ApiAnswer> =>
      fleet.api("/api/v1/verdict-policy", { body });
    assert.equal((await policy({ model: MODEL, unknown: "deny" })).status, 200);
    const [ruling] = (await said(question(digest()))).rulings;
    assert.deepEqual([ruling?.verdict, ruling?.rev, ruling?.by], ["deny", 0, "policy"]);
    assert.equal((await said(question(digest(), { model: digest() }))).pending, true);
    const { body } = await fleet.api("/api/v1/verdict-policy");
    assert.equal((body as Rows<VerdictPolicyRow>).rows[0]?.unknown, "deny");
    assert.equal((await policy({ model: MODEL, unknown: "ask" })).status, 200);
    assert.equal((await policy({ model: "x", unknown: "ask" })).status, 400);
  });

  it("are decided by operators, about behaviours, in words that are known", async () => {
    const id = `${MODEL}~${digest()}`;
    const password = "a long enough secret";
    const user = { user: "looks", role: "viewer", password };
    assert.equal((await fleet.api("/api/v1/users", { body: user })).status, 201);
    const login = await fleet.api("/api/v1/login", {
      body: { user: "looks", password },
      token: "",
    });
    const [cookie = ""] = (login.headers["set-cookie"] ?? [])[0]?.split(";") ?? [];
    const { csrf } = login.body as { csrf: string };
    const headers = { cookie, "galgo-csrf": csrf };
    const seen = await fleet.api("/api/v1/verdicts", { headers, token: "" });
    assert.equal(seen.status, 200);
    const body = { verdict: "allow" };
    const path = `/api/v1/verdicts/${id}`;
    assert.equal((await fleet.api(path, { body, headers, token: "" })).status, 403);
    assert.equal((await fleet.api(path, { body, token: "" })).status, 401);
    for (const [of, order] of [
      [id, { verdict: "perhaps" }],
      [id, { verdict: "allow", more: 1 }],
      ["x", body],
      [`${id}~${MODEL}`, body],
    ] as const)
      assert.equal((await decide(of, order)).status, 400);
    assert.deepEqual(await list("decided", id.slice(65)), []);
  });

  it("are told to nobody who asks in another way", async () => {
    const refused = problemOfAnswer(await asked({ v: 1, model: MODEL }));
    assert.equal(refused?.problem, "BAD_MESSAGE");
  });

  describe("about a workload of a host that has joined", () => {
    const place = new DaemonPlace();
    const workload = new AskingWorkload(place);
    let joined: Joined;

    before(async () => {
      joined = await joinedDaemon(place, fleet, [launchPart(daemonCommandLine)]);
      await workload.learn(joined.daemon);
    });
    after(async () => {
      const runs = joined.daemon.registry.list();
      for (const run of runs) run.kill("the test is over");
      await joined.daemon.stop("the test is over");
      place.remove();
    });

    it("are pending while it is only watched; once all of it was allowed it is free under the same model", async () => {
      const { daemon } = joined;
      const refused = await workload.start(daemon, {});
      await workload.violated(refused);
      await workload.ended(refused);
      assert.equal(workload.got, "");
      const watched = await workload.start(daemon, { mode: "detect" });
      const { outcome } = await workload.ended(watched);
      const pending = await list("pending", "asking");
      assert.ok(pending.length > 1);
      assert.ok(outcome.counts.violations <= pending.length);
      for (const { id } of pending)
        assert.equal((await decide(id, { verdict: "allow" })).status, 200);
      const free = await workload.ended(await workload.start(daemon, {}));
      assert.equal(free.outcome.counts.violations, 0);
      assert.equal(workload.got, readFileSync("/etc/shells", "utf8"));
      const [row] = await list("decided", "asking");
      assert.equal(row?.hosts, 1);
    });

    it("come beside orders: sealed, enforced, proved, given a model, killed, and each is answered", async () => {
      const { daemon, host: own } = joined;
      const run = place.launch(daemon, ["sh", "-c", "sleep 1000"], { name: "ordered" });
      await run.started;
      for await (const line of place.client.lines(run.id, "trajectory", { follow: true }))
        if (line.includes("sleep")) break;
      const model = aModel({ name: "shop" });
      const digest = modelDigest(model, SHA256);
      const models = fleet.context.services.models.value;
      const signer = aSigner();
      const key = { name: "release", publicKey: signer.publicPem };
      assert.equal((await fleet.api("/api/v1/model-keys", { body: key })).status, 201);
      await models.add(signedModelText(model, signer, "ab".repeat(32)), "ann");
      const select = { workloads: [run.id] };
      const file = join(daemon.context.models, "shop.galgo.dsse.json");
      await carriedOut(own, { kind: "enforce" }, select);
      assert.equal(run.status().mode, "enforce");
      await carriedOut(own, { kind: "detect" }, select);
      assert.equal(run.status().mode, "detect");
      await carriedOut(own, { kind: "attest" }, select);
      await carriedOut(own, { kind: "model", args: { name: "shop", digest } });
      assert.ok(existsSync(file));
      await carriedOut(own, { kind: "model", args: { name: "shop", digest: null } });
      assert.ok(!existsSync(file));
      await carriedOut(own, { kind: "kill" }, select);
      await run.ended;
    });

    it("are asked for by galgo run --tma remote:, which the daemon does", async () => {
      const alone = ["sh", "-c", "exit 99"];
      const words = [joined.daemon.sockets.launch, ...alone.slice(0, 1), ...workload.words()];
      const client = spawn(builtFile("native", nativeName("client")), words, {
        stdio: ["ignore", "ignore", "pipe"],
      });
      const said: string[] = [];
      client.stderr.on("data", (text: Buffer) => said.push(text.toString()));
      const [status] = (await once(client, "close")) as [number | null];
      assert.equal(status, 0, said.join(""));
      assert.equal(workload.got, readFileSync("/etc/shells", "utf8"));
    });
  });
});
