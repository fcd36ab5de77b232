// SPDX-License-Identifier: Apache-2.0
// A server of a fleet that works alone: enrolment, credentials that open one host's subjects and no other's, revocation, renewal. What is
// tried here is what a host that was taken over would try.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { MAX_FAILED_ENROLMENTS } from "../../src/fleet/limits.ts";
import { newBusKey } from "../../src/fleet/keys/nkeys.ts";
import { ITEM_APPLIERS } from "../../src/fleet/ingest/appliers.ts";
import { storeParcels } from "../../src/fleet/ingest/batch.ts";
import type { EnrolTokenRow, Rows, Summary } from "../../src/wire/api/index.ts";
import {
  downSubject,
  EVENT_STREAM,
  inboxPrefix,
  isHostId,
  upSubject,
} from "../../src/wire/link/index.ts";
import { aParcel, aWorkload, NOW } from "../helpers/fleet-items.ts";
import { connectHost, FleetServer, type TestHost } from "../helpers/fleet-server.ts";
import { noNatsServer } from "../helpers/nats-cluster.ts";

/** What the bus has refused this connection by now: what was published before the flush has been looked at. */
async function refusals(
  as: TestHost,
  run: (connection: NatsConnection) => void,
): Promise<readonly string[]> {
  const connection = await as.connect();
  const told: string[] = [];
  const status = connection.status();
  const listening = (async () => {
    for await (const event of status) if (event.type === "error") told.push(event.error.message);
  })();
  run(connection);
  await connection.flush();
  await connection.flush();
  await connection.close();
  await listening;
  return told;
}

describe("a server of the fleet", { skip: noNatsServer() }, () => {
  let fleet: FleetServer;
  let host: TestHost;
  let other: TestHost;
  before(async () => {
    fleet = await FleetServer.start();
    const { token } = await fleet.enrolToken({ uses: 2, labels: { site: "a" }, group: "web" });
    host = await fleet.host({ token, name: "web-1", labels: { site: "b", rack: "1" }, group: "x" });
    other = await fleet.host({ token, name: "web-2" });
  });
  after(async () => {
    await fleet.close();
  });

  it("is well, says so to anybody, and nothing else without a name", async () => {
    const { status, body, headers } = await fleet.api("/healthz", { token: "" });
    assert.equal(status, 200);
    assert.deepEqual(body, { status: "ok", version: "test", parts: { database: "ok", bus: "ok" } });
    assert.match(
      String(headers["content-security-policy"]),
      /default-src 'none'.*frame-ancestors 'none'/,
    );
    assert.equal(headers["x-content-type-options"], "nosniff");
    for (const token of ["", "wrong", `${fleet.adminToken}x`, fleet.adminToken.slice(1)]) {
      const answer = await fleet.api("/api/v1/enrol-tokens", { token });
      assert.equal(answer.status, 401, token);
      assert.equal((answer.body as { code: string }).code, "NOT_SIGNED_IN");
    }
    const ca = await fleet.api("/ca.pem", { token: "" });
    assert.equal(ca.text, fleet.context.tls.ca);
  });

  it("serves files by their names only", async () => {
    const paths = [
      "/../keys/ca.pem",
      "/%2e%2e/admin-token",
      "/assets/..%2f..%2fpackage.json",
      "//etc/passwd",
    ];
    for (const path of [...paths, "/index.html%00", "/keys/ca.pem"]) {
      const { status } = await fleet.api(path, { token: "" });
      assert.equal(status, 404, path);
    }
  });

  it("lets hosts in with what their token fixes", async () => {
    const { enrolled } = host;
    assert.ok(isHostId(enrolled.host));
    assert.deepEqual(enrolled.labels, { site: "a", rack: "1" });
    assert.equal(enrolled.group, "web");
    assert.equal(enrolled.ca, fleet.context.tls.ca);
    assert.notEqual(other.enrolled.host, enrolled.host);
  });

  it("takes a token as often as it is for, until it ends, and never says what was wrong with it", async () => {
    const enrol = async (token: string, key = newBusKey("user")) =>
      fleet.api("/enrol", { token: "", body: { v: 1, token, key: key.publicText, name: "h" } });
    const once = await fleet.enrolToken();
    const key = newBusKey("user");
    const [first, again] = [await enrol(once.token, key), await enrol(once.token, key)];
    assert.deepEqual([first.status, again.status], [201, 201]);
    const hostOf = ({ body }: { readonly body: unknown }) => (body as { host: string }).host;
    assert.equal(hostOf(again), hostOf(first), "the answer had got lost");
    const ended = await fleet.enrolToken();
    await fleet.api(`/api/v1/enrol-tokens/${ended.id}`, { method: "DELETE" });
    const expired = await fleet.enrolToken();
    await fleet.context.store.db
      .withTables<{ enrol_tokens: { id: string; expires_at: number } }>()
      .updateTable("enrol_tokens")
      .set({ expires_at: Date.now() - 1 })
      .where("id", "=", expired.id)
      .execute();
    const never = once.token.replace(/\.[^.]{32}\./, `.${"A".repeat(32)}.`);
    const answers = [];
    for (const token of [once.token, ended.token, expired.token, never])
      answers.push(await enrol(token));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [403, 403, 403, 403],
    );
    assert.equal(new Set(answers.map(({ text }) => text)).size, 1);
    const twice = await fleet.enrolToken();
    assert.equal((await enrol(twice.token, key)).status, 409, "a key of another host");
  });

  it("gives one of many hosts that come at once with a token for one the place", async () => {
    const { token, id } = await fleet.enrolToken();
    const tries = Array.from({ length: 8 }, () => {
      const body = { v: 1, token, key: newBusKey("user").publicText, name: "h" };
      return fleet.api("/enrol", { token: "", body });
    });
    const all = (await Promise.all(tries)).map(({ status }) => status).sort();
    assert.deepEqual(all, [201, 403, 403, 403, 403, 403, 403, 403]);
    const { rows } = (await fleet.api("/api/v1/enrol-tokens")).body as Rows<EnrolTokenRow>;
    assert.equal(rows.find((row) => row.id === id)?.used, 1);
  });

  it("refuses what a host may not say or hear", async () => {
    const [mine, theirs] = [host.enrolled.host, other.enrolled.host];
    const published = [
      upSubject(theirs, "hb"),
      upSubject(theirs, "ev"),
      upSubject(theirs, "ask.renew"),
      downSubject(theirs, "cmd"),
      "galgo.down.all.cmd",
      downSubject(mine, "committed"),
      "galgo.live.violation",
      `${inboxPrefix(theirs)}.x`,
      `$JS.API.STREAM.DELETE.${EVENT_STREAM}`,
      "$SYS.REQ.CLAIMS.UPDATE",
    ];
    const heard = [
      "galgo.up.>",
      ">",
      downSubject(theirs, "cmd"),
      "galgo.down.*.cmd",
      "_INBOX.>",
      "galgo.live.>",
      "$JS.>",
      "$SYS.>",
    ];
    for (const subject of published) {
      const told = await refusals(host, (connection) => connection.publish(subject, "x"));
      assert.match(told.join(), /permissions? violation.*publish/i, subject);
    }
    for (const subject of heard) {
      const told = await refusals(host, (connection) => void connection.subscribe(subject));
      assert.match(told.join(), /permissions? violation.*subscription/i, subject);
    }
    const own = await refusals(host, (connection) => {
      connection.publish(upSubject(mine, "hb"), "x");
      connection.subscribe(downSubject(mine, "cmd"));
      connection.subscribe("galgo.down.all.cmd");
    });
    assert.deepEqual(own, []);
  });

  it("lets nobody in with another one's token, key or fleet", async () => {
    const { key, enrolled } = host;
    const cases = [
      [other.key, enrolled, /authorization/i],
      [key, { ...enrolled, jwt: `${enrolled.jwt.slice(0, -4)}AAAA` }, /authorization/i],
      [
        key,
        { ...enrolled, ca: fleet.context.keys.ca.certificate.slice(0, 0) },
        /certificate|self.signed/i,
      ],
    ] as const;
    for (const [as, what, why] of cases) await assert.rejects(connectHost(as, what), why);
  });

  it("answers to inboxes of who has asked, and is no deputy of anybody", async () => {
    const [asker, victim] = [await host.connect(), await other.connect()];
    const heard: string[] = [];
    for (const subject of ["galgo.down.>", `${inboxPrefix(other.enrolled.host)}.>`])
      victim.subscribe(subject.replace("down", `down.${other.enrolled.host}`), {
        callback: (_, { subject: at }) => {
          heard.push(at);
        },
      });
    await victim.flush();
    const ask = upSubject(host.enrolled.host, "ask.renew");
    const replies = [
      downSubject(other.enrolled.host, "cmd"),
      `${inboxPrefix(other.enrolled.host)}.a`,
      `$JS.API.STREAM.DELETE.${EVENT_STREAM}`,
    ];
    for (const reply of replies) {
      asker.publish(ask, JSON.stringify({ v: 1 }), { reply });
      asker.publish(upSubject(host.enrolled.host, "ev"), "no parcel", { reply });
    }
    const answer = await asker.request(ask, JSON.stringify({ v: 1 }), { timeout: 5_000 });
    const { jwt, expires } = answer.json<{ jwt: string; expires: number }>();
    assert.ok(expires > Date.now() + 23 * 3_600_000);
    await (await connectHost(host.key, { ...host.enrolled, jwt })).close();
    const wrong = await asker.request(ask, "no JSON", { timeout: 5_000 });
    assert.equal(wrong.json<{ problem: string }>().problem, "BAD_MESSAGE");
    await victim.flush();
    assert.deepEqual(heard, []);
    const manager = await jetstreamManager(fleet.context.bus.connection);
    assert.ok((await manager.streams.info(EVENT_STREAM)).config.no_ack);
    await Promise.all([asker.close(), victim.close()]);
  });

  it("renews what has expired for who signs now", async () => {
    const { key, enrolled } = host;
    const renew = async (at: number, sign = key, who = enrolled.host) => {
      const sig = Buffer.from(sign.sign(Buffer.from(`galgo-renew ${who} ${at}`))).toString(
        "base64url",
      );
      return fleet.api("/renew", { token: "", body: { host: who, at, sig } });
    };
    const good = await renew(Date.now());
    assert.equal(good.status, 200);
    const { jwt } = good.body as { jwt: string };
    await (await connectHost(key, { ...enrolled, jwt })).close();
    const stale = await renew(Date.now() - 3_600_000);
    assert.match(stale.text, /the server's clock says/);
    const bad = [
      stale,
      await renew(Date.now(), other.key),
      await renew(Date.now(), key, "aaaaaaaaaaaaaaaaaaaa"),
    ];
    assert.deepEqual(
      bad.map(({ status }) => status),
      [403, 403, 404],
    );
  });

  it("throws out who is revoked, and does not let him in again, nor after a new start", async () => {
    const connection = await other.connect();
    const { host: id } = other.enrolled;
    const { store } = fleet.context;
    await storeParcels(store, ITEM_APPLIERS, [aParcel(id, 1, aWorkload("r"))], NOW);
    const revoked = await fleet.api(`/api/v1/hosts/${id}/revoke`, { method: "POST" });
    assert.equal(revoked.status, 200, revoked.text);
    assert.equal((revoked.body as { disconnected: boolean }).disconnected, true);
    await connection.closed();
    const { workloads } = (await fleet.api("/api/v1/summary")).body as Summary;
    assert.deepEqual([workloads.total, workloads.running], [0, 0], "what it ran is not counted");
    await assert.rejects(other.connect(), /revoked|authorization|auth/i);
    const at = Date.now();
    const sig = Buffer.from(other.key.sign(Buffer.from(`galgo-renew ${id} ${at}`))).toString(
      "base64url",
    );
    const renewed = await fleet.api("/renew", { token: "", body: { host: id, at, sig } });
    assert.equal((renewed.body as { code: string }).code, "REVOKED");
    await (await host.connect()).close();
    const dataRoot = fleet.folder;
    await fleet.running.close();
    fleet = await FleetServer.start({ dataRoot });
    await assert.rejects(other.connect(), /revoked|authorization|auth/i);
    await (await host.connect()).close();
  });

  it("has its bus back when that was killed, on the same port", async () => {
    const { bus } = fleet.context;
    const pid = fleet.running.busPid ?? 0;
    const back = new Promise<void>((done) => bus.onReconnect(done));
    process.kill(pid, "SIGKILL");
    await back;
    assert.ok(bus.isConnected);
    await (await host.connect()).close();
    assert.ok(fleet.told.some((line) => /nats-server has ended .* started again/.test(line)));
  });

  it("tells nobody a secret", () => {
    const { context, told } = fleet;
    const secrets = [
      context.keys.adminToken,
      context.keys.account.seed,
      host.key.seed,
      host.enrolled.jwt,
    ];
    for (const secret of secrets) assert.ok(!told.join("\n").includes(secret));
  });

  it("has who guesses tokens wait", async () => {
    const body = { v: 1, token: "galgo1.x", key: newBusKey("user").publicText, name: "h" };
    const statuses = new Set<number>();
    for (let tries = 0; tries <= MAX_FAILED_ENROLMENTS; tries++)
      statuses.add((await fleet.api("/enrol", { token: "", body })).status);
    assert.deepEqual([...statuses], [400, 429]);
  });
});
