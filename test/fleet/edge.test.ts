// SPDX-License-Identifier: Apache-2.0
// Hosts that reach the fleet in other ways: behind a leaf node, and devices that speak MQTT 3.1.1.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import mqtt, { type MqttClient } from "mqtt";
import type { NatsConnection } from "@nats-io/transport-node";
import { writeNodeFiles } from "../../src/fleet/bus/index.ts";
import {
  downSubject,
  type HostId,
  type Parcel,
  readCommitted,
  upSubject,
  writeParcel,
} from "../../src/wire/link/index.ts";
import { connectHost, FleetServer, type TestHost } from "../helpers/fleet-server.ts";
import { noNatsServer } from "../helpers/nats-cluster.ts";
import { ConfiguredNats } from "../helpers/nats-node.ts";
import { freePort } from "../helpers/ports.ts";

const EPOCH = "1700000000000-00000001";

/** A parcel with one thing to tell. */
function parcelOf(host: HostId, seq: number): Parcel {
  const item = { kind: "notice", at: 1, level: "info", words: `parcel ${seq}` } as const;
  return { v: 1, host, epoch: EPOCH, seq, at: 1, items: [item] };
}

describe("the edge of the fleet", { skip: noNatsServer() }, () => {
  let fleet: FleetServer;
  let leaf: ConfiguredNats;
  let folder: string;
  let host: TestHost;
  let device: TestHost;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "galgo-leaf-"));
    const [mqttPort, hubPort, leafPort] = [await freePort(), await freePort(), await freePort()];
    const at = (port: number) => ({ host: "127.0.0.1", port });
    fleet = await FleetServer.start({ mqttListen: at(mqttPort), leafListen: at(hubPort) });
    writeNodeFiles({
      dataRoot: fleet.folder,
      name: "leaf-1",
      output: folder,
      listen: at(leafPort),
      names: ["127.0.0.1"],
      leafOf: [`tls://127.0.0.1:${hubPort}`],
      now: Date.now(),
    });
    leaf = new ConfiguredNats(folder, leafPort);
    await leaf.start();
    host = await fleet.host();
    device = await fleet.host({ transport: "mqtt" });
  });
  after(async () => {
    await leaf.kill();
    await fleet.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const behindLeaf = (): Promise<NatsConnection> =>
    connectHost(host.key, { ...host.enrolled, servers: [leaf.url] });

  /** Sends a parcel until the host hears that it is committed. */
  async function committed(connection: NatsConnection, seq: number): Promise<void> {
    const { host: id } = host.enrolled;
    const heard = connection.subscribe(downSubject(id, "committed"));
    const told = (async () => {
      for await (const { data } of heard) {
        const { epoch, ranges } = readCommitted(data);
        assert.equal(epoch, EPOCH);
        if (ranges.some(([first, last]) => first <= seq && seq <= last)) break;
      }
    })();
    await connection.flush();
    await sendUntil(told, () => {
      connection.publish(upSubject(id, "ev"), writeParcel(parcelOf(id, seq)));
    });
  }

  it("takes parcels through a leaf node, and tells the host there that they are committed", async () => {
    const { host: id } = host.enrolled;
    const connection = await behindLeaf();
    await committed(connection, 1);
    // the hub is killed and comes back: the host behind the leaf notices nothing but the time it takes
    process.kill(fleet.running.busPid ?? 0, "SIGKILL");
    await committed(connection, 2);
    const answer = await connection.request(upSubject(id, "ask.renew"), JSON.stringify({ v: 1 }));
    assert.equal(typeof answer.json<{ jwt: string }>().jwt, "string");
    await connection.close();
  });

  it("keeps hosts behind a leaf node to their own subjects", async () => {
    const connection = await behindLeaf();
    const told: string[] = [];
    const listening = (async () => {
      for await (const event of connection.status())
        if (event.type === "error") told.push(event.error.message);
    })();
    connection.publish(upSubject(device.enrolled.host, "ev"), "x");
    connection.subscribe("galgo.down.>");
    await connection.flush();
    await connection.flush();
    await connection.close();
    await listening;
    assert.match(told.join("\n"), /violation.*publish/i);
    assert.match(told.join("\n"), /violation.*subscription/i);
  });

  it("takes parcels of devices over MQTT, and tells them that they are committed", async () => {
    const { host: id } = device.enrolled;
    const client = await connectDevice(device);
    const told = new Promise<unknown>((done) =>
      client.on("message", (_topic, body) => done(readCommitted(body))),
    );
    await client.subscribeAsync(`galgo/down/${id}/committed`, { qos: 1 });
    await client.publishAsync(`galgo/up/${id}/ev`, Buffer.from(writeParcel(parcelOf(id, 1))), {
      qos: 1,
    });
    assert.deepEqual(await told, { v: 1, epoch: EPOCH, ranges: [[1, 1]] });
    await client.endAsync(true);
  });

  it("lets a device hear nothing of others, and nobody in with a host's token instead of a device's", async () => {
    const client = await connectDevice(device);
    const asked = [`galgo/down/${host.enrolled.host}/cmd`, "galgo/up/#", "#"];
    const granted = await client.subscribeAsync(asked, { qos: 0 }).catch((error: Error) => error);
    const codes = granted instanceof Error ? [] : granted.map(({ qos }) => qos);
    assert.ok(
      codes.every((code) => code === 128),
      `granted: ${codes.join()}`,
    );
    await client.endAsync(true);
    await assert.rejects(connectDevice(host), /Not authorized|Connection refused/i);
    const { host: id } = device.enrolled;
    const at = Date.now();
    const sig = Buffer.from(device.key.sign(Buffer.from(`galgo-renew ${id} ${at}`)));
    const body = { host: id, at, sig: sig.toString("base64url") };
    const renewed = (await fleet.api("/renew", { token: "", body })).body as { jwt: string };
    const again = { ...device, enrolled: { ...device.enrolled, jwt: renewed.jwt } };
    await (await connectDevice(again)).endAsync(true);
    // and its token, which is a password, opens no other door
    await assert.rejects(connectHost(device.key, device.enrolled), /authorization/i);
  });
});

async function connectDevice({ enrolled }: TestHost): Promise<MqttClient> {
  const { host, jwt, ca, mqtt: url = "" } = enrolled;
  const options = {
    ca,
    clientId: host,
    username: host,
    password: jwt,
    protocolVersion: 4,
  } as const;
  return mqtt.connectAsync(url, { ...options, reconnectPeriod: 0 }, false);
}

/** A parcel is sent until it is heard: the way through the leaf may not be there yet. */
async function sendUntil(heard: Promise<unknown>, send: () => void): Promise<void> {
  send();
  const again = setInterval(send, 1_000);
  await heard;
  clearInterval(again);
}
