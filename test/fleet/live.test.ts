// SPDX-License-Identifier: Apache-2.0
// What consoles hear by themselves, and the numbers for Prometheus.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { NatsConnection } from "@nats-io/transport-node";
import { GONE_MS, LATE_MS } from "../../src/fleet/views/limits.ts";
import type { HostRow } from "../../src/wire/api/index.ts";
import { upSubject, writeParcel } from "../../src/wire/link/index.ts";
import type { Item } from "../../src/wire/link/index.ts";
import { EventStream } from "../helpers/event-stream.ts";
import { aViolation, aWorkload, EPOCH, NOW } from "../helpers/fleet-items.ts";
import { FleetServer } from "../helpers/fleet-server.ts";
import { noNatsServer } from "../helpers/nats-cluster.ts";

describe("events of consoles", { skip: noNatsServer() ?? false }, () => {
  let server: FleetServer;
  let connection: NatsConnection;
  let host = "";
  let seq = 0;

  const send = (...items: readonly Item[]): void => {
    seq += 1;
    const parcel = { v: 1, host, epoch: EPOCH, seq, at: NOW, items } as const;
    connection.publish(upSubject(host, "ev"), writeParcel(parcel));
  };

  before(async () => {
    server = await FleetServer.start();
    const joined = await server.host();
    host = joined.enrolled.host;
    connection = await joined.connect();
  });
  after(async () => {
    await connection?.close();
    await server?.close();
  });

  it("are what is stored: violations, workloads, and a summary of both", async () => {
    const console = await EventStream.open(server);
    send(aWorkload("r"), aViolation("r", 1));
    const workload = await console.next("workload");
    const { run } = workload.data as Record<string, unknown>;
    assert.equal(run, "r");
    console.close();
    const another = await EventStream.open(server);
    send(aViolation("r", 2));
    const violation = await another.next("violation");
    const { id, words } = violation.data as Record<string, unknown>;
    assert.deepEqual([id, words], [`${host}~r~2`, "opens /etc/shadow (2)"]);
    const { data } = await another.next("summary");
    const { workloads } = data as { workloads: Record<string, number> };
    assert.equal(workloads["outside"], 1);
    another.close();
  });

  it("go on from where a console was, on any server; else it is told to read all anew", async () => {
    const { hub } = server.context.services;
    const first = await EventStream.open(server);
    for (const n of [1, 2, 3]) hub.value.tell("rollout", { n });
    const seen = await first.next("rollout");
    assert.deepEqual(seen.data, { n: 1 });
    await first.next("rollout");
    await first.next("rollout");
    first.close();
    const again = await EventStream.open(server, { "last-event-id": seen.id });
    assert.deepEqual((await again.next("rollout", "reset")).data, { n: 2 });
    assert.deepEqual((await again.next("rollout", "reset")).data, { n: 3 });
    again.close();
    const lost = await EventStream.open(server, { "last-event-id": "another-1" });
    assert.equal((await lost.next("rollout", "reset")).event, "reset");
    lost.close();
  });

  it("that were missed and are too many are not told one by one", async () => {
    const { hub } = server.context.services;
    const console = await EventStream.open(server);
    hub.value.tell("rollout", { n: 0 });
    const { id } = await console.next("rollout");
    for (let n = 0; n < 12; n++) hub.value.tell("rollout", { text: "x".repeat(100_000) });
    for (let n = 0; n < 12; n++) await console.next("rollout");
    console.close();
    const again = await EventStream.open(server, { "last-event-id": id });
    assert.equal((await again.next("rollout", "reset")).event, "reset");
    hub.value.tell("verdict", { n: 1 });
    assert.deepEqual((await again.next("verdict")).data, { n: 1 });
    again.close();
  });

  it("tell of hosts that fall silent, and are gone, although nobody says so", async () => {
    const { heard } = server.context.services.heartbeats.value;
    const console = await EventStream.open(server);
    const beat = { v: 1, at: NOW, rev: 1, states: "", workloads: 0 } as const;
    const spool = { epoch: EPOCH, oldest: 1, next: 1, bytes: 0 };
    const one = { beat: { ...beat, spool }, fresh: false, agreed: "", differsSince: 0, askedAt: 0 };
    for (const [silent, status] of [
      [0, "connected"],
      [LATE_MS, "late"],
      [GONE_MS, "gone"],
    ] as const) {
      heard.set(host, { ...one, at: Date.now() - silent });
      assert.equal(((await console.next("host")).data as HostRow).status, status);
    }
    heard.delete(host);
    console.close();
  });

  it("that a host puts into names break nothing", async () => {
    const console = await EventStream.open(server);
    const words = "</script>\n\ndata: x\r\nevent: violation\u2028\u0000\u001b[31m";
    send(aViolation("r", 3, { words }));
    const { data } = await console.next("violation");
    assert.equal((data as { words: string }).words, words.replace("\u0000", "\ufffd"));
    send(aViolation("r", 4));
    const { data: next } = await console.next("violation");
    assert.equal((next as { id: string }).id, `${host}~r~4`);
    console.close();
  });

  it("are for those who are signed in, for as long as they are", async () => {
    await assert.rejects(EventStream.open(server, { authorization: "" }), /status 401/);
    const hub = server.context.services.hub.value;
    const before = hub.listeners;
    const console = await EventStream.open(server);
    assert.equal(hub.listeners, before + 1);
    console.close();
    while (hub.listeners > before) await new Promise(setImmediate);
  });

  it("do not wait for a console that does not read: it is sent away", async () => {
    const { hub } = server.context.services;
    const before = hub.value.listeners;
    const idle = await EventStream.open(server);
    idle.pause();
    const row = { text: "x".repeat(100_000) };
    for (let told = 0; hub.value.listeners > before; told++) {
      assert.ok(told < 1_000, "100 MB wait for it");
      hub.value.tell("rollout", row);
      await server.context.bus.connection.flush();
      await new Promise(setImmediate);
    }
    await assert.rejects(idle.next("never"), /the stream has ended/);
    const reading = await EventStream.open(server);
    hub.value.tell("verdict", { n: 1 });
    assert.deepEqual((await reading.next("verdict")).data, { n: 1 });
    reading.close();
  });

  it("and all else are numbers for Prometheus", async () => {
    const { status, text } = await server.api("/metrics");
    assert.equal(status, 200);
    assert.match(text, /^galgo_fleet_violations_total 4$/m);
    assert.match(text, /^galgo_fleet_parcels_total\{kind="stored"\} 4$/m);
    assert.match(text, /^galgo_fleet_workloads\{kind="enforce"\} 1$/m);
    assert.match(text, /^galgo_fleet_hosts\{kind="away"\} 1$/m);
    assert.match(text, /^galgo_fleet_bus_connected 1$/m);
    assert.match(text, /^galgo_fleet_stream_parcels\{kind="not taken"\} 0$/m);
    assert.match(text, /^galgo_fleet_spool_bytes 0$/m);
    assert.equal((await server.api("/metrics", { token: "" })).status, 401);
  });
});
