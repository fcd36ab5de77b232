// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { Kysely, sql } from "kysely";
import type { FleetMigrations } from "./migration.ts";
import { MIGRATIONS, migrate } from "./migrations.ts";
import { SqliteThreadDialect } from "./sqlite-dialect.ts";
import { SqliteFile } from "./sqlite-file.ts";
import { openStore } from "./store.ts";
import type { FleetSchema } from "./tables.ts";
import type { FleetStore } from "./store.ts";

let dataRoot: string;
const opened: FleetStore[] = [];

async function open(migrations: FleetMigrations = MIGRATIONS): Promise<FleetStore> {
  const store = await openStore({ url: "sqlite:", dataRoot, migrations });
  opened.push(store);
  return store;
}

const LATER: FleetMigrations = {
  ...MIGRATIONS,
  "901-later": {
    async up(db, { text }) {
      await db.schema.createTable("later").addColumn("a", text).execute();
    },
  },
};

beforeEach(() => {
  dataRoot = mkdtempSync(join(tmpdir(), "galgo-store-"));
});
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  rmSync(dataRoot, { recursive: true, force: true });
});

describe("the embedded store", () => {
  it("keeps rows in a file that only its owner reads, and opens it though the lock of the engine was left behind", async () => {
    const first = await open();
    assert.deepEqual(first.migrated, Object.keys(MIGRATIONS).sort());
    await first.db.insertInto("spools").values({ host: "h", epoch: "1", upto: 7 }).execute();
    await first.close();
    assert.equal(statSync(join(dataRoot, "fleet.db")).mode & 0o777, 0o600);
    // as the engine leaves it behind when its process is killed
    mkdirSync(join(dataRoot, "fleet.db.lock"));
    const second = await open();
    assert.deepEqual(second.migrated, []);
    assert.deepEqual(await second.db.selectFrom("spools").selectAll().execute(), [
      { host: "h", epoch: "1", upto: 7 },
    ]);
  });

  it("belongs to one server at a time", async () => {
    await open();
    await assert.rejects(open(), { code: "DB_IN_USE", message: /another server has the database/ });
  });

  it("says what it can not open", async () => {
    writeFileSync(
      join(dataRoot, "fleet.db"),
      "no database, and long enough to be none".repeat(200),
    );
    await assert.rejects(open(), { code: "DB_UNREACHABLE", message: /fleet\.db.*not a database/ });
    rmSync(join(dataRoot, "fleet.db"));
    await (await open()).close();
  });

  it("refuses addresses that it does not know, without their secrets", async () => {
    const bad = openStore({ url: "mysql://user:secret@host/db", dataRoot });
    await assert.rejects(bad, (error: Error) => {
      assert.match(error.message, /"?mysql:"? is none of them/);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  });
});

describe("statements", () => {
  let store: FleetStore;
  let folder: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "galgo-store-"));
    store = await openStore({ url: "sqlite:", dataRoot: folder });
  });
  beforeEach(async () => {
    await store.db.deleteFrom("spools").execute();
  });
  after(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("undoes a transaction that failed, and goes on", async () => {
    const { db, transaction } = store;
    const failing = transaction(async (tx) => {
      await tx.insertInto("spools").values({ host: "h", epoch: "1", upto: 7 }).execute();
      throw new Error("in the middle");
    });
    await assert.rejects(failing, /in the middle/);
    assert.deepEqual(await db.selectFrom("spools").selectAll().execute(), []);
    const refused = sql`select nonsense from hosts`.execute(db);
    await assert.rejects(refused, { code: "QUERY_FAILED", message: /no such column: nonsense/ });
    await transaction(async (tx) => {
      await tx.insertInto("spools").values({ host: "h", epoch: "1", upto: 7 }).execute();
    });
    assert.equal((await db.selectFrom("spools").selectAll().execute()).length, 1);
  });

  it("lets transactions wait for each other, not mix", async () => {
    const { db, transaction } = store;
    await db.insertInto("spools").values({ host: "h", epoch: "1", upto: 0 }).execute();
    const one = (): Promise<void> =>
      transaction(async (tx) => {
        const { upto } = await tx.selectFrom("spools").select("upto").executeTakeFirstOrThrow();
        await tx
          .updateTable("spools")
          .set({ upto: upto + 1 })
          .execute();
      });
    await Promise.all(Array.from({ length: 20 }, one));
    const { upto } = await db.selectFrom("spools").select("upto").executeTakeFirstOrThrow();
    assert.equal(upto, 20);
  });

  it("tells how many rows a statement changed, and carries bytes, long numbers and odd texts", async () => {
    const { db } = store;
    await sql`create table odd (a integer, b blob, c text)`.execute(db);
    const at = 1_763_000_000_123;
    await sql`insert into odd values (${at}, ${new Uint8Array([0, 255])}, ${"a' \u{1f415}"})`.execute(
      db,
    );
    const { rows } = await sql<{ a: number; b: Uint8Array; c: string }>`select * from odd`.execute(
      db,
    );
    assert.deepEqual(rows, [{ a: at, b: new Uint8Array([0, 255]), c: "a' \u{1f415}" }]);
    await db.insertInto("spools").values({ host: "h", epoch: "1", upto: 0 }).execute();
    const { numUpdatedRows } = await db.updateTable("spools").set({ upto: 3 }).executeTakeFirst();
    assert.equal(numUpdatedRows, 1n);
  });

  it("are no migrations when their names do not say their order", async () => {
    const nameless: FleetMigrations = { later: { up: async () => undefined } };
    const bad = { code: "MIGRATION_FAILED", message: /name like 101-store/ };
    await assert.rejects(migrate(store.db, "sqlite", nameless), bad);
  });
});

describe("the thread that has the file", () => {
  it("is replaced when it has died; what it had begun is undone", async () => {
    await (await open()).close();
    const file = new SqliteFile(join(dataRoot, "fleet.db"));
    const db = new Kysely<FleetSchema>({ dialect: new SqliteThreadDialect(file) });
    const row = { host: "h", epoch: "1", upto: 1 };
    try {
      const halfway = db.transaction().execute(async (tx) => {
        await tx.insertInto("spools").values(row).execute();
        await (await file.link()).kill();
        await tx
          .insertInto("spools")
          .values({ ...row, epoch: "2" })
          .execute();
      });
      await assert.rejects(halfway, { code: "DB_GONE" });
      assert.deepEqual(await db.selectFrom("spools").selectAll().execute(), []);
      await db.insertInto("spools").values(row).execute();
      assert.deepEqual(await db.selectFrom("spools").selectAll().execute(), [row]);
    } finally {
      await db.destroy();
    }
    await assert.rejects(file.link(), { code: "DB_GONE", message: /is closed/ });
  });
});

describe("migrations", () => {
  it("bring an older database up to date, and refuse one of a later Galgo", async () => {
    await (await open()).close();
    const later = await open(LATER);
    assert.deepEqual(later.migrated, ["901-later"]);
    await later.close();
    await assert.rejects(open(), { code: "DB_NEWER", message: /later Galgo \(it has 901-later\)/ });
  });

  it("are done as a whole or not at all", async () => {
    const failing: FleetMigrations = {
      ...LATER,
      "902-bad": {
        async up(db) {
          await sql`create table half (a)`.execute(db);
          await sql`create table later (a)`.execute(db);
        },
      },
    };
    const bad = {
      code: "MIGRATION_FAILED",
      message: /\(at 902-bad\).*already exists.*nothing was changed/,
    };
    await assert.rejects(open(failing), bad);
    const { db } = await open();
    const names = (await db.introspection.getTables()).map(({ name }) => name);
    assert.equal(names.includes("later") || names.includes("half"), false);
  });
});
