// SPDX-License-Identifier: Apache-2.0
// What has to be true of ingest whatever database the store is on.
import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { ITEM_APPLIERS } from "../../src/fleet/ingest/appliers.ts";
import type { Stored } from "../../src/fleet/ingest/batch.ts";
import { storeParcels } from "../../src/fleet/ingest/batch.ts";
import { committedRanges } from "../../src/fleet/ingest/progress.ts";
import { forget } from "../../src/fleet/retention/forget.ts";
import type { FleetSchema, FleetStore } from "../../src/fleet/store/index.ts";
import { MAX_WORKLOADS } from "../../src/wire/link/index.ts";
import type { Item, Parcel } from "../../src/wire/link/index.ts";
import {
  aBehaviour,
  aParcel,
  aViolation,
  aWorkload,
  digestOf,
  EPOCH,
  enrol,
  hostNamed,
  NO_COUNTS,
  NOW,
} from "./fleet-items.ts";

const A = hostNamed("a");
const B = hostNamed("b");
const TABLES: readonly (keyof FleetSchema)[] = [
  ...(["hosts", "workloads", "violations", "behaviours", "states", "state_points"] as const),
  ...(["processes", "notices", "spools", "parcels"] as const),
];

export function ingestSuite(name: string, opened: () => FleetStore): void {
  const put = (...parcels: readonly Parcel[]): Promise<Stored> =>
    storeParcels(opened(), ITEM_APPLIERS, parcels, NOW);
  const rangesOf = (stored: Stored): unknown =>
    stored.spools.map(({ host, progress }) => [host[0], committedRanges(progress)]);

  beforeEach(async () => {
    for (const table of TABLES) await opened().db.deleteFrom(table).execute();
    await enrol(opened(), A, B);
  });

  describe(`ingest on ${name}`, () => {
    it("gives violations that came before the entry of their workload its name and model", async () => {
      await put(aParcel(A, 2, aViolation("r", 1)), aParcel(B, 2, aViolation("r", 1)));
      await put(aParcel(A, 1, aWorkload("r", { name: "shop" })));
      const rows = await opened()
        .db.selectFrom("violations")
        .select(["host", "name", "model"])
        .orderBy("host")
        .execute();
      assert.deepEqual(rows, [
        { host: A, name: "shop", model: digestOf("model") },
        { host: B, name: "", model: "" },
      ]);
    });

    it("stores what was not there, once, in whatever order and batches it comes", async () => {
      const first = await put(
        aParcel(A, 3, aViolation("r", 3)),
        aParcel(A, 1, aWorkload("r"), aViolation("r", 1)),
        aParcel(B, 1, aWorkload("r"), aViolation("r", 1)),
      );
      assert.deepEqual(rangesOf(first), [
        [
          "a",
          [
            [1, 1],
            [3, 3],
          ],
        ],
        ["b", [[1, 1]]],
      ]);
      assert.equal(first.items.length, 5);
      const again = await put(
        aParcel(A, 3, aViolation("r", 3)),
        aParcel(A, 2, aViolation("r", 2)),
        aParcel(A, 2, aViolation("r", 2)),
      );
      assert.deepEqual(rangesOf(again), [["a", [[1, 3]]]]);
      assert.deepEqual([again.items.length, again.duplicates], [1, 2]);
      const { db } = opened();
      assert.deepEqual(await db.selectFrom("parcels").selectAll().execute(), []);
      const ids = await db.selectFrom("violations").select("id").orderBy("id").execute();
      assert.deepEqual(
        ids.map(({ id }) => id),
        [`${A}~r~1`, `${A}~r~2`, `${A}~r~3`, `${B}~r~1`],
      );
      const workloads = await db
        .selectFrom("workloads")
        .select(["host", "violations"])
        .orderBy("host")
        .execute();
      assert.deepEqual(workloads, [
        { host: A, violations: 3 },
        { host: B, violations: 1 },
      ]);
    });

    it("takes the last entry of a workload, not the one that comes last", async () => {
      await put(aParcel(A, 2, aWorkload("r", { state: digestOf("later") })));
      await put(aParcel(A, 1, aWorkload("r", { state: digestOf("earlier") })));
      const counts = { ...NO_COUNTS, events: 7 };
      await put(aParcel(A, 4, { kind: "counts", at: NOW, run: "r", counts }));
      await put(aParcel(A, 3, aWorkload("r", { state: digestOf("last"), image: "i\u0000\ud800" })));
      const row = await opened().db.selectFrom("workloads").selectAll().executeTakeFirstOrThrow();
      assert.equal(row.state, digestOf("last"));
      assert.deepEqual(JSON.parse(row.counts), counts);
      assert.equal(row.image, "i\ufffd\ufffd");
    });

    it("counts violations that come before the entry of their workload", async () => {
      await put(aParcel(A, 2, aViolation("r", 1)));
      await put(aParcel(A, 1, aWorkload("r")));
      const row = await opened().db.selectFrom("workloads").selectAll().executeTakeFirstOrThrow();
      assert.equal(row.violations, 1);
    });

    it("believes no clock that is ahead: nothing stands before what comes now, or is never forgotten", async () => {
      const at = 8_000_000_000_000_000;
      const words = "ahead";
      await put(
        aParcel(A, 1, aViolation("r", 1, { at }), { kind: "notice", at, level: "info", words }),
      );
      const { db } = opened();
      for (const table of ["violations", "notices"] as const) {
        const row = await db.selectFrom(table).select("at").executeTakeFirstOrThrow();
        assert.equal(Number(row.at), NOW);
      }
    });

    it("has nobody add to the set of a state that is known as a whole", async () => {
      const state = digestOf("state");
      const points = (...words: readonly string[]): Item => ({
        ...{ kind: "points", at: NOW, run: "r", state, total: 2, first: 0 },
        coefficients: words.map(digestOf),
      });
      await put(aParcel(A, 1, points("one")));
      await put(aParcel(B, 1, points("two")), aParcel(A, 2, points("one")));
      await put(aParcel(B, 2, points("what B does besides")));
      const rows = await opened().db.selectFrom("state_points").select("coefficient").execute();
      assert.deepEqual(
        rows.map(({ coefficient }) => coefficient).sort(),
        [digestOf("one"), digestOf("two")].sort(),
      );
    });

    it("lets one host have so many workloads and no more, and says so", async () => {
      const many = (from: number, count: number): Item[] =>
        Array.from({ length: count }, (_, n) => aWorkload(`r${from + n}`));
      await put(aParcel(A, 1, ...many(0, MAX_WORKLOADS - 1)), aParcel(B, 1, aWorkload("b")));
      const ended = aWorkload("r0", { status: "ended" });
      await put(aParcel(A, 2, ...many(MAX_WORKLOADS - 1, 3)), aParcel(B, 2, aWorkload("b2")));
      await put(aParcel(A, 3, ended));
      await put(aParcel(A, 4, aWorkload("afterwards")));
      const { db } = opened();
      const counts = await db
        .selectFrom("workloads")
        .select((e) => ["host", e.fn.countAll<number>().as("count")])
        .where("gone", "=", 0)
        .groupBy("host")
        .orderBy("host")
        .execute();
      assert.deepEqual(
        counts.map(({ host, count }) => [host, Number(count)]),
        [
          [A, MAX_WORKLOADS],
          [B, 2],
        ],
      );
      const notices = await db.selectFrom("notices").select(["host", "words"]).execute();
      assert.deepEqual(
        notices.map(({ host }) => host),
        [A],
      );
      assert.match(notices[0]?.words ?? "", /more than 4096 workloads/);
    });

    it("knows from a whole table which workloads are gone", async () => {
      await put(aParcel(A, 1, aWorkload("one"), aWorkload("two")), aParcel(B, 1, aWorkload("one")));
      await put(
        aParcel(A, 2, aWorkload("three"), {
          kind: "table",
          rev: 2,
          at: NOW,
          runs: ["two", "three"],
        }),
        aParcel(B, 2, aWorkload("one", { status: "failed", outcome: "killed" })),
      );
      const rows = await opened()
        .db.selectFrom("workloads")
        .select(["host", "run", "gone", "status"])
        .orderBy("host")
        .orderBy("run")
        .execute();
      assert.deepEqual(
        rows.map((row) => [row.host[0], row.run, row.gone, row.status]),
        [
          ["a", "one", 1, "ended"],
          ["a", "three", 0, "running"],
          ["a", "two", 0, "running"],
          ["b", "one", 1, "failed"],
        ],
      );
    });

    it("keeps a behaviour and the set of a state once, whoever tells them", async () => {
      const points = [digestOf("x"), digestOf("y")];
      const set = {
        kind: "points",
        at: NOW,
        run: "r",
        state: digestOf("s"),
        total: 2,
        first: 0,
      } as const;
      await put(
        aParcel(A, 1, aBehaviour("r", "x"), { ...set, coefficients: points }),
        aParcel(B, 1, aBehaviour("r", "x"), aBehaviour("r", "y"), { ...set, coefficients: points }),
      );
      const { db } = opened();
      assert.equal((await db.selectFrom("behaviours").selectAll().execute()).length, 2);
      const set1 = await db
        .selectFrom("state_points")
        .select("coefficient")
        .orderBy("coefficient")
        .execute();
      assert.deepEqual(
        set1.map(({ coefficient }) => coefficient),
        points.sort(),
      );
    });

    it("stores nothing of hosts that are not enrolled any more", async () => {
      const { db } = opened();
      await db.updateTable("hosts").set({ revoked_at: NOW }).where("id", "=", B).execute();
      const stored = await put(
        aParcel(A, 1, aViolation("r", 1)),
        aParcel(B, 1, aViolation("r", 1)),
        aParcel(hostNamed("c"), 1, aViolation("r", 1)),
      );
      assert.deepEqual([...stored.refused].sort(), [B, hostNamed("c")]);
      assert.deepEqual(
        stored.spools.map(({ host }) => host),
        [A],
      );
      assert.equal((await db.selectFrom("violations").select("id").execute()).length, 1);
    });

    it("leaves nothing behind when one item of a batch can not be stored", async () => {
      const failing = {
        kind: "notice",
        apply: async () => {
          throw new Error("no room");
        },
      } as const;
      const notice = { kind: "notice", at: NOW, level: "info", words: "w" } as const;
      const parcel = aParcel(A, 1, aWorkload("r"), aViolation("r", 1), notice);
      await assert.rejects(
        storeParcels(opened(), [...ITEM_APPLIERS, failing], [parcel], NOW),
        /no room/,
      );
      for (const table of ["workloads", "violations", "spools", "notices"] as const) {
        assert.deepEqual(await opened().db.selectFrom(table).selectAll().execute(), [], table);
      }
      const stored = await put(parcel);
      assert.equal(stored.items.length, 3);
      assert.equal(stored.spools[0]?.epoch, EPOCH);
    });

    it("stores each parcel once when several batches with the same ones run at the same time", async () => {
      const hosts = [A, B];
      const all = hosts.flatMap((host) =>
        Array.from({ length: 30 }, (_, i) =>
          aParcel(host, i + 1, aWorkload("r"), aViolation("r", i + 1)),
        ),
      );
      const batches = [
        all,
        [...all].reverse(),
        all.filter((_, i) => i % 2 === 0),
        all.filter((_, i) => i % 3 === 0),
      ];
      const stored = await Promise.all(batches.map((batch) => put(...batch)));
      assert.equal(
        stored.reduce((sum, { items }) => sum + items.length, 0),
        120,
      );
      const rows = await opened().db.selectFrom("workloads").select("violations").execute();
      assert.deepEqual(
        rows.map(({ violations }) => violations),
        [30, 30],
      );
      assert.deepEqual(await opened().db.selectFrom("parcels").selectAll().execute(), []);
      const spools = await opened().db.selectFrom("spools").select("upto").execute();
      assert.deepEqual(
        spools.map(({ upto }) => upto),
        [30, 30],
      );
    });

    it("forgets what is old by both clocks, and what is gone, and nothing else", async () => {
      const store = opened();
      const points = (state: string): Item => ({
        ...{ kind: "points", at: NOW, run: "here", state: digestOf(state), total: 1, first: 0 },
        coefficients: [digestOf("point")],
      });
      const facts = (run: string): Item => ({
        kind: "processes",
        at: NOW,
        run,
        processes: [{ what: "start", at: "1", pid: 1, name: "sh", task: digestOf("t") }],
      });
      await put(
        aParcel(
          A,
          1,
          aWorkload("here"),
          facts("here"),
          aWorkload("gone", { status: "ended" }),
          facts("gone"),
          aViolation("here", 1, { at: 5 }),
          aViolation("here", 2),
          { kind: "notice", at: 5, level: "info", words: "old" },
          points("state"),
          points("left behind"),
        ),
      );
      const { signal } = new AbortController();
      assert.equal(await forget(store, NOW, signal), 1, "of the host's clock only: a notice");
      const { db } = store;
      await db.updateTable("violations").set({ received: 6 }).execute();
      await db.updateTable("workloads").set({ updated: 6 }).execute();
      await db.updateTable("states").set({ at: 6 }).execute();
      assert.equal(await forget(store, NOW, signal), 3);
      const left = await Promise.all([
        db.selectFrom("violations").select("id").execute(),
        db.selectFrom("workloads").select("run").execute(),
        db.selectFrom("processes").select("run").execute(),
        db.selectFrom("states").select("state").execute(),
        db.selectFrom("state_points").select("state").execute(),
      ]);
      const state = { state: digestOf("state") };
      const here = { run: "here" };
      assert.deepEqual(left, [[{ id: `${A}~here~2` }], [here], [here], [state], [state]]);
    });
  });
}
