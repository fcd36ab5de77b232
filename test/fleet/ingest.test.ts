// SPDX-License-Identifier: Apache-2.0
// Ingest into the embedded database; into PostgreSQL: store-postgres.test.ts.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { openStore } from "../../src/fleet/store/index.ts";
import type { FleetStore } from "../../src/fleet/store/index.ts";
import { hostNamed } from "../helpers/fleet-items.ts";
import { ingestSuite } from "../helpers/ingest-suite.ts";

describe("the embedded database", () => {
  const dataRoot = mkdtempSync(join(tmpdir(), "galgo-ingest-"));
  let store: FleetStore;
  before(async () => {
    store = await openStore({ url: "sqlite:", dataRoot });
  });
  after(async () => {
    await store?.close();
    rmSync(dataRoot, { recursive: true, force: true });
  });
  ingestSuite("SQLite", () => store);
});

describe("the embedded database under kill -9", () => {
  const dataRoot = mkdtempSync(join(tmpdir(), "galgo-ingest-"));
  const hosts = ["a", "b", "c"].map(hostNamed);
  const COUNT = 120;
  const CHILD = join(import.meta.dirname, "../helpers/ingest-child.ts");

  after(() => rmSync(dataRoot, { recursive: true, force: true }));

  /** Ends by itself, or by SIGKILL once it has said so many lines. @returns the last number that it told of each host */
  async function run(lines: number): Promise<ReadonlyMap<string, number>> {
    const told = new Map<string, number>();
    const args = ["--import", "tsx", CHILD, dataRoot, `${COUNT}`, ...hosts];
    const child: ChildProcess = spawn(process.execPath, args, {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exit = once(child, "exit");
    assert.ok(child.stdout !== null);
    let count = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      const [host = "", upto = ""] = line.split(" ");
      told.set(host, Number(upto));
      count += 1;
      if (count === lines) child.kill("SIGKILL");
    }
    const [code] = await exit;
    assert.equal(code, count >= lines ? null : 0);
    return told;
  }

  it("loses nothing that was committed, and has nothing twice", async () => {
    const empty = await openStore({ url: "sqlite:", dataRoot });
    const rows = hosts.map((id) => ({ ...NO_HOST, id, key: id }));
    await empty.db.insertInto("hosts").values(rows).execute();
    await empty.close();
    for (const lines of [17, 47]) {
      const told = await run(lines);
      const { db, close } = await openStore({ url: "sqlite:", dataRoot });
      for (const host of hosts) {
        const spool = await db
          .selectFrom("spools")
          .select("upto")
          .where("host", "=", host)
          .executeTakeFirst();
        const numbers = await db
          .selectFrom("violations")
          .select("at")
          .where("host", "=", host)
          .execute();
        const upto = spool?.upto ?? 0;
        assert.ok(upto >= (told.get(host) ?? 0), `${upto} of ${host}, ${told.get(host)} were told`);
        assert.equal(
          numbers.length,
          upto,
          "violations and the number of parcels are one transaction",
        );
      }
      await close();
    }
    await run(Number.POSITIVE_INFINITY);
    const { db, close } = await openStore({ url: "sqlite:", dataRoot });
    const workloads = await db.selectFrom("workloads").select(["violations", "told"]).execute();
    assert.deepEqual(
      workloads.map(({ violations, told }) => [violations, Number(told.slice(-4))]),
      hosts.map(() => [COUNT, COUNT]),
    );
    assert.equal((await db.selectFrom("behaviours").select("coefficient").execute()).length, 7);
    await close();
  });
});

const NO_HOST = {
  ...{
    name: "host",
    key: "",
    labels: "{}",
    grp: null,
    enrolled_at: 0,
    token: null,
    revoked_at: null,
  },
  ...{ last_seen: null, version: null, rev: 0, states: null, workloads: 0, spool: null },
};
