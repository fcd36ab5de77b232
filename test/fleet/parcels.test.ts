// SPDX-License-Identifier: Apache-2.0
// Parcels over the real bus into the database of a real server: what a host hears, what is asked of it, and what is left when a server ends in the middle.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { NatsConnection } from "@nats-io/transport-node";
import { WantedStates } from "../../src/fleet/ingest/wanted-states.ts";
import {
  downSubject,
  readCommitted,
  readHostAsk,
  statesDigest,
  upSubject,
  writeParcel,
} from "../../src/wire/link/index.ts";
import type { Committed, Heartbeat, Item, Parcel, SeqRange } from "../../src/wire/link/index.ts";
import { aViolation, aWorkload, digestOf, EPOCH, NOW } from "../helpers/fleet-items.ts";
import { connectHost, FleetServer } from "../helpers/fleet-server.ts";
import type { TestHost } from "../helpers/fleet-server.ts";
import { noNatsServer } from "../helpers/nats-cluster.ts";

/** A host of this test: sends, and knows what it was told. */
class Sender {
  readonly host: string;
  readonly connection: NatsConnection;
  #ranges: readonly SeqRange[] = [];
  #told: () => void = () => undefined;

  constructor({ enrolled }: TestHost, connection: NatsConnection) {
    this.host = enrolled.host;
    this.connection = connection;
    connection.subscribe(downSubject(this.host, "committed"), {
      callback: (_error, { data }) => {
        this.#ranges = readCommitted(data).ranges;
        this.#told();
      },
    });
  }

  parcel(seq: number, ...items: readonly Item[]): Parcel {
    return { v: 1, host: this.host, epoch: EPOCH, seq, at: NOW, items };
  }

  send(...parcels: readonly Parcel[]): void {
    for (const parcel of parcels) {
      this.connection.publish(upSubject(this.host, "ev"), writeParcel(parcel));
    }
  }

  /** Until the server has told that exactly these are committed. */
  async committed(...ranges: readonly SeqRange[]): Promise<void> {
    while (JSON.stringify(this.#ranges) !== JSON.stringify(ranges)) {
      await new Promise<void>((resolve) => {
        this.#told = resolve;
      });
    }
  }

  async ask(): Promise<Committed> {
    const body = JSON.stringify({ v: 1, epoch: EPOCH, ranges: [[1, 100]] });
    const { data } = await this.connection.request(upSubject(this.host, "ask.committed"), body);
    return readCommitted(data);
  }
}

describe("parcels of a host", { skip: noNatsServer() ?? false }, () => {
  let server: FleetServer;
  let host: TestHost;
  let sender: Sender;

  before(async () => {
    server = await FleetServer.start();
    host = await server.host();
    sender = new Sender(host, await host.connect());
  });
  after(async () => {
    await sender?.connection.close();
    await server?.close();
  });

  it("are committed once each; the host hears of all of them, and can ask", async () => {
    sender.send(sender.parcel(1, aWorkload("r"), aViolation("r", 1)));
    await sender.committed([1, 1]);
    sender.send(sender.parcel(3, aViolation("r", 3)), sender.parcel(1, aViolation("r", 1)));
    await sender.committed([1, 1], [3, 3]);
    assert.deepEqual((await sender.ask()).ranges, [
      [1, 1],
      [3, 3],
    ]);
    sender.send(sender.parcel(2, aViolation("r", 2)));
    await sender.committed([1, 3]);
    const { db } = server.context.store;
    const rows = await db.selectFrom("violations").select("id").orderBy("id").execute();
    assert.deepEqual(
      rows.map(({ id }) => id),
      [1, 2, 3].map((n) => `${sender.host}~r~${n}`),
    );
  });

  it("that can not be read are refused aloud, and others go on", async () => {
    sender.connection.publish(upSubject(sender.host, "ev"), "nonsense");
    sender.send({ ...sender.parcel(4, aViolation("r", 4)), host: "b".repeat(20) });
    sender.send(sender.parcel(4, aViolation("r", 4)));
    await sender.committed([1, 4]);
    const told = server.told.filter((line) => line.includes("was refused"));
    assert.match(told.join("\n"), /is not JSON|can not be read/);
    assert.match(told.join("\n"), /says that it is of b{20}/);
  });

  it("that the database will never take are put aside, with their items, and others go on", async () => {
    const ingest = server.context.services.ingest.value;
    ingest.register({
      kind: "notice",
      apply: async (_tx, items) => {
        if (items.some(({ item }) => item.words === "bad")) throw new TypeError("no such thing");
      },
    });
    const notice = (words: string) => ({ kind: "notice", at: NOW, level: "info", words }) as const;
    sender.send(sender.parcel(5, notice("bad")), sender.parcel(6, notice("good")));
    await sender.committed([1, 6]);
    const { db } = server.context.store;
    const [aside, ...none] = await db.selectFrom("rejected").selectAll().execute();
    assert.deepEqual(none, []);
    assert.deepEqual([aside?.seq, aside?.why], [5, "no such thing"]);
    assert.deepEqual(JSON.parse(aside?.body ?? ""), sender.parcel(5, notice("bad")));
    const notices = await db.selectFrom("notices").select("words").execute();
    assert.deepEqual(notices, [{ words: "good" }]);
  });

  it("are asked for when a heartbeat says that workloads are not as the database has them", async () => {
    const { context } = server;
    const heartbeats = context.services.heartbeats.value;
    const asks = sender.connection.subscribe(downSubject(sender.host, "ask"), { max: 1 });
    await sender.connection.flush();
    const sha256 = (bytes: Uint8Array): string => digestOf(Buffer.from(bytes).toString());
    const beat = (state: string): Heartbeat => ({
      v: 1,
      at: NOW,
      rev: 1,
      states: statesDigest([{ run: "r", state }], sha256),
      workloads: 1,
      spool: { epoch: EPOCH, oldest: 7, next: 7, bytes: 0 },
    });
    const take = (one: Heartbeat): void =>
      heartbeats.take(upSubject(sender.host, "hb"), Buffer.from(JSON.stringify(one)));
    take(beat(digestOf("state")));
    const heard = heartbeats.heard.get(sender.host);
    assert.ok(heard !== undefined);
    heard.differsSince = 1; // for long
    await heartbeats.check();
    assert.equal(heard.agreed, beat(digestOf("state")).states);
    take(beat(digestOf("another state")));
    heard.differsSince = 1;
    await heartbeats.check();
    for await (const { data } of asks) assert.deepEqual(readHostAsk(data), { v: 1, table: true });
    await heartbeats.write();
    const row = await context.store.db.selectFrom("hosts").selectAll().executeTakeFirstOrThrow();
    assert.deepEqual([row.last_seen, row.workloads, row.rev], [heard.at, 1, 1]);
  });

  it("are asked for with the sets of states that stay, of one host", async () => {
    const asks = sender.connection.subscribe(downSubject(sender.host, "ask"), { max: 1 });
    await sender.connection.flush();
    const wanted = new WantedStates(server.context);
    await wanted.ask(); // it may have another state in a moment
    await wanted.ask();
    for await (const { data } of asks) {
      assert.deepEqual(readHostAsk(data), { v: 1, states: [digestOf("state")] });
    }
    const points: Item = {
      ...{ kind: "points", at: NOW, run: "r", state: digestOf("state"), total: 1, first: 0 },
      coefficients: [digestOf("point")],
    };
    sender.send(sender.parcel(7, points));
    await sender.committed([1, 7]);
    const known = await server.context.store.db.selectFrom("states").select("points").execute();
    assert.deepEqual(known, [{ points: 1 }]);
  });

  it("that a server had taken when it ended are stored by the next one, each once", async () => {
    const count = 400;
    const parcels = Array.from({ length: count }, (_, i) =>
      sender.parcel(8 + i, aViolation("r", 8 + i)),
    );
    sender.send(...parcels);
    await sender.connection.flush();
    await server.running.close();
    // its folder is what is left of it, with the stream of the bus in it
    server = await FleetServer.start({ dataRoot: server.folder });
    const { store, places } = server.context;
    const again = { ...host.enrolled, servers: places.servers };
    await sender.connection.close();
    sender = new Sender(host, await connectHost(host.key, again));
    sender.send(...parcels);
    await sender.committed([1, 7 + count]);
    const ids = await store.db.selectFrom("violations").select("id").execute();
    const wanted = [1, 2, 3, 4, ...parcels.map(({ seq }) => seq)].map(
      (n) => `${sender.host}~r~${n}`,
    );
    assert.deepEqual(ids.map(({ id }) => id).sort(), wanted.sort());
    const spools = await store.db.selectFrom("spools").select("upto").execute();
    assert.deepEqual(spools, [{ upto: 7 + count }]);
  });
});
