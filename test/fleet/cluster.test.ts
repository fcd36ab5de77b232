// SPDX-License-Identifier: Apache-2.0
// Two servers of one fleet side by side: one database, one bus of three nodes, one of which is killed.
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { writeNodeFiles } from "../../src/fleet/bus/index.ts";
import { openFleetKeys } from "../../src/fleet/keys/fleet-keys.ts";
import {
  downSubject,
  EVENT_STREAM,
  type HostId,
  type Parcel,
  readCommitted,
  type SeqRange,
  upSubject,
  writeParcel,
} from "../../src/wire/link/index.ts";
import { connectHost, FleetServer, type TestHost } from "../helpers/fleet-server.ts";
import { noNatsServer } from "../helpers/nats-cluster.ts";
import { ConfiguredNats } from "../helpers/nats-node.ts";
import { freePort } from "../helpers/ports.ts";
import { noPostgres, TestPostgres } from "../helpers/postgres.ts";

const EPOCH = "1700000000000-00000001";
const RESEND_MS = 500;

function parcelOf(host: HostId, seq: number): Parcel {
  const item = { kind: "notice", at: seq, level: "info", words: `parcel ${seq}` } as const;
  return { v: 1, host, epoch: EPOCH, seq, at: 1, items: [item] };
}

describe("two servers of a fleet", { skip: noNatsServer() ?? noPostgres() }, () => {
  let postgres: TestPostgres;
  let root: string;
  let nodes: readonly ConfiguredNats[] = [];
  let servers: readonly FleetServer[] = [];
  before(async () => {
    root = mkdtempSync(join(tmpdir(), "galgo-two-"));
    postgres = await TestPostgres.start();
    const data = [join(root, "one"), join(root, "two")] as const;
    openFleetKeys(data[0], Date.now());
    mkdirSync(data[1], { mode: 0o700 });
    cpSync(join(data[0], "keys"), join(data[1], "keys"), { recursive: true });
    nodes = await makeNodes(data[0], root);
    await Promise.all(nodes.map((node) => node.start()));
    const nats = nodes.map(({ url }) => url);
    const db = postgres.url;
    servers = await Promise.all(data.map((dataRoot) => FleetServer.start({ dataRoot, nats, db })));
  });
  after(async () => {
    for (const server of servers) await server.close();
    await Promise.all(nodes.map((node) => node.kill()));
    await postgres?.stop();
    rmSync(root, { recursive: true, force: true });
  });

  it("are one fleet: what one does, the other knows", async () => {
    const [one, two] = servers;
    assert.ok(one !== undefined && two !== undefined);
    const { token } = await one.enrolToken();
    const host = await two.host({ token });
    assert.equal(host.enrolled.fleet, one.context.keys.fleet);
    const connection = await host.connect();
    const revoked = await one.api(`/api/v1/hosts/${host.enrolled.host}/revoke`, { method: "POST" });
    assert.equal((revoked.body as { disconnected: boolean }).disconnected, true, revoked.text);
    await connection.closed();
    for (const { url } of nodes)
      await assert.rejects(
        connectHost(host.key, { ...host.enrolled, servers: [url] }),
        /auth/i,
        url,
      );
  });

  it("keep three copies of what comes, and commit each parcel once while a node and a server die", async () => {
    const [one, two] = servers;
    assert.ok(one !== undefined && two !== undefined);
    const manager = await jetstreamManager(two.context.bus.connection);
    assert.equal((await manager.streams.info(EVENT_STREAM)).config.num_replicas, 3);
    const host = await two.host();
    const all = Array.from({ length: 60 }, (_, i) => i + 1);
    await sendAll(host, all.slice(0, 20));
    const leader = (await manager.streams.info(EVENT_STREAM)).cluster?.leader;
    await nodes[Number(leader?.slice(-1)) - 1]?.kill();
    await one.running.close();
    await sendAll(host, all.slice(20));
    const rows = await two.context.store.db
      .selectFrom("notices")
      .select("words")
      .where("host", "=", host.enrolled.host)
      .execute();
    const words = rows.map((row) => row.words).sort();
    assert.deepEqual(words, all.map((seq) => `parcel ${seq}`).sort());
  });

  /** Sends parcels until each of them is committed, over connections that come and go. */
  async function sendAll(host: TestHost, seqs: readonly number[]): Promise<void> {
    const { host: id } = host.enrolled;
    const open = new Set(seqs);
    let connection: NatsConnection | undefined;
    for (; open.size > 0; await delay(RESEND_MS)) {
      if (connection === undefined || connection.isClosed()) {
        connection = await host.connect().catch(() => undefined);
        connection?.subscribe(downSubject(id, "committed"), {
          callback: (_, { data }) => forget(open, readCommitted(data).ranges),
        });
      }
      for (const seq of open)
        connection?.publish(upSubject(id, "ev"), writeParcel(parcelOf(id, seq)));
    }
    await connection?.close();
  }
});

function forget(open: Set<number>, ranges: readonly SeqRange[]): void {
  for (const seq of open)
    if (ranges.some(([first, last]) => first <= seq && seq <= last)) open.delete(seq);
}

async function makeNodes(dataRoot: string, root: string): Promise<readonly ConfiguredNats[]> {
  const at = (port: number) => ({ host: "127.0.0.1", port });
  const ports = await Promise.all(Array.from({ length: 6 }, freePort));
  const routes = ports.slice(3).map((port) => `127.0.0.1:${port}`);
  return [0, 1, 2].map((index) => {
    const output = join(root, `node-${index + 1}`);
    const port = ports[index] ?? 0;
    writeNodeFiles({
      dataRoot,
      name: `node-${index + 1}`,
      output,
      listen: at(port),
      names: ["127.0.0.1"],
      cluster: at(ports[index + 3] ?? 0),
      routes,
      now: Date.now(),
    });
    return new ConfiguredNats(output, port);
  });
}
