// SPDX-License-Identifier: Apache-2.0
// The store on PostgreSQL: the same rows, the same refusals, upgrades by two servers at once, and connections that break.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { sql } from "kysely";
import type { FleetMigrations } from "../../src/fleet/store/migration.ts";
import { MIGRATIONS } from "../../src/fleet/store/migrations.ts";
import { openStore } from "../../src/fleet/store/store.ts";
import type { FleetStore } from "../../src/fleet/store/store.ts";
import { downSubject, readCommitted, upSubject, writeParcel } from "../../src/wire/link/index.ts";
import { aParcel, aViolation, EPOCH, NOW } from "../helpers/fleet-items.ts";
import { FleetServer } from "../helpers/fleet-server.ts";
import { noNatsServer } from "../helpers/nats-cluster.ts";
import { ingestSuite } from "../helpers/ingest-suite.ts";
import { noPostgres, TestPostgres } from "../helpers/postgres.ts";

const LATER: FleetMigrations = {
  ...MIGRATIONS,
  "901-later": {
    async up(db, { text, bytes }) {
      await db.schema.createTable("later").addColumn("a", text).addColumn("b", bytes).execute();
    },
  },
};

describe("the store on PostgreSQL", { skip: noPostgres() ?? false }, () => {
  let server: TestPostgres;
  let store: FleetStore;
  const open = (url: string, migrations = MIGRATIONS): Promise<FleetStore> =>
    openStore({ url, dataRoot: "/nowhere", migrations });

  before(async () => {
    server = await TestPostgres.start({ fsync: "off" });
    store = await open(await server.database("fleet"));
  });
  after(async () => {
    await store?.close();
    await server?.stop();
  });

  it("is upgraded once when two servers start at the same time, and refused by an older one", async () => {
    const url = await server.database("upgraded");
    await (await open(url)).close();
    const both = await Promise.all([open(url, LATER), open(url, LATER)]);
    assert.deepEqual(
      both.flatMap(({ migrated }) => migrated),
      ["901-later"],
    );
    const bytes = { a: "x", b: new Uint8Array([0, 255]) };
    const db = both[0].db.withTables<{ later: { a: string; b: Uint8Array } }>();
    await db.insertInto("later").values(bytes).execute();
    const row = await db.selectFrom("later").selectAll().executeTakeFirstOrThrow();
    assert.deepEqual(new Uint8Array(row.b), bytes.b);
    for (const one of both) await one.close();
    await assert.rejects(open(url), { code: "DB_NEWER", message: /901-later/ });
  });

  it("reads long numbers as numbers and compares texts byte by byte", async () => {
    const rows = ["B", "a", "Z", "é", "z"].map((epoch) => ({ host: "h", epoch, upto: 2 ** 40 }));
    await store.db.insertInto("spools").values(rows).execute();
    const read = await store.db.selectFrom("spools").selectAll().orderBy("epoch").execute();
    assert.deepEqual(
      read.map(({ epoch }) => epoch),
      ["B", "Z", "a", "z", "é"],
    );
    assert.equal(read[0]?.upto, 2 ** 40);
    const { count } = await store.db
      .selectFrom("spools")
      .select(({ fn }) => fn.countAll<number>().as("count"))
      .executeTakeFirstOrThrow();
    assert.equal(count, 5);
  });

  it("begins a transaction again that was given up for another one", async () => {
    const two = [1, 2].map((upto) => ({ host: `d${upto}`, epoch: "1", upto }));
    await store.db.insertInto("spools").values(two).execute();
    let met = 0;
    let bothAreIn: () => void = () => undefined;
    const both = new Promise<void>((resolve) => {
      bothAreIn = resolve;
    });
    const add = (hosts: readonly string[]): Promise<void> =>
      store.transaction(async (tx) => {
        const [first = "", second = ""] = hosts;
        const more = (host: string): Promise<unknown> =>
          tx.updateTable("spools").set({ upto: sql`upto + 10` }).where("host", "=", host).execute();
        await more(first);
        met++;
        if (met === 2) bothAreIn();
        await both; // now each has what the other wants
        await more(second);
      });
    await Promise.all([add(["d1", "d2"]), add(["d2", "d1"])]);
    const rows = await store.db
      .selectFrom("spools")
      .select("upto")
      .where("host", "like", "d%")
      .execute();
    assert.deepEqual(rows.map(({ upto }) => upto).sort(), [21, 22]);
    assert.ok(met >= 3, "one of them was begun again");
  });

  it("goes on after PostgreSQL was killed, with what was committed", async () => {
    await store.db.insertInto("spools").values({ host: "k", epoch: "1", upto: 1 }).execute();
    await server.kill();
    await assert.rejects(store.db.selectFrom("spools").selectAll().execute());
    await server.restart();
    const row = await store.db.selectFrom("spools").selectAll().where("host", "=", "k").execute();
    assert.deepEqual(row, [{ host: "k", epoch: "1", upto: 1 }]);
  });

  it("says what it can not use, without the password", async () => {
    const bad = open(`postgres://postgres:secret@127.0.0.1:${server.port}/nothing`);
    await assert.rejects(bad, (error: Error) => {
      assert.match(error.message, /127\.0\.0\.1:\d+\/nothing.*can not be used: .*does not exist/);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  });

  describe("with parcels", () => {
    ingestSuite("PostgreSQL", () => store);
  });

  it("is killed again and again while parcels come: each is stored once, and hosts hear of each", {
    skip: noNatsServer() ?? false,
  }, async () => {
    const fleet = await FleetServer.start({ db: await server.database("faults") });
    try {
      const host = await fleet.host();
      const connection = await host.connect();
      const { enrolled } = host;
      const wanted = 900;
      let upto = 0;
      let heard: () => void = () => undefined;
      connection.subscribe(downSubject(enrolled.host, "committed"), {
        callback: (_error, { data }) => {
          const [first] = readCommitted(data).ranges;
          upto = Math.max(upto, first?.[1] ?? 0);
          heard();
        },
      });
      const send = (seq: number): void => {
        const parcel = { ...aParcel(enrolled.host, seq, aViolation("r", seq)), epoch: EPOCH };
        connection.publish(upSubject(enrolled.host, "ev"), writeParcel(parcel));
      };
      for (let round = 0; round < 3; round++) {
        for (let i = 1; i <= wanted / 3; i++) send((round * wanted) / 3 + i);
        await connection.flush();
        await server.kill();
        await server.restart();
      }
      while (upto < wanted) {
        await new Promise<void>((resolve) => {
          heard = resolve;
        });
      }
      const rows = await fleet.context.store.db.selectFrom("violations").select("at").execute();
      assert.deepEqual(
        rows.map(({ at }) => at - NOW).sort((a, b) => a - b),
        Array.from({ length: wanted }, (_, i) => i + 1),
      );
      assert.match(fleet.told.join("\n"), /the database takes nothing: .*trying again/);
      await connection.close();
    } finally {
      await fleet.close();
    }
  });
});
