// SPDX-License-Identifier: Apache-2.0
// What is seen of a fleet, from rows that came through ingest: lists, filters, states and by what they differ.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
  aViolation,
  aWorkload,
  hex,
  hostIdOf,
  tellStore,
  type ToldHost,
} from "../../../test/helpers/fleet-rows.ts";
import { sql } from "kysely";
import type { BehaviourItem, PointsItem } from "../../wire/link/index.ts";
import { type FleetStore, openStore } from "../store/index.ts";
import type { ListAsked } from "./asked.ts";
import { behaviourDetail, behavioursOf, candidatesOf, stateDetail } from "./behaviours.ts";
import { Censuses } from "./census.ts";
import { listHosts } from "./hosts.ts";
import { processesOf } from "./processes.ts";
import { searchFleet } from "./search.ts";
import { FleetViews } from "./views.ts";
import { MAX_SEARCHED } from "./limits.ts";
import { listViolations, violationDetail } from "./violations.ts";
import { listWorkloads } from "./workloads.ts";

const HOSTS = 4;
const NASTY = `'; drop table workloads; -- <script>alert(1)</script> 100%_\\ ÄÖ`;
const FIRST = hostIdOf(0);

function asked(more: Partial<ListAsked> = {}): ListAsked {
  return { q: "", offset: 0, limit: 100, only: {}, ...more };
}

const points = (state: string, words: readonly string[]): PointsItem => ({
  ...{ kind: "points", at: 1, run: "r0", state: hex(state) },
  ...{ total: words.length, first: 0, coefficients: words.map(hex) },
});
const behaviour = (words: string): BehaviourItem => ({
  ...{ kind: "behaviour", at: 5, run: "r0", coefficient: hex(words), words, hook: "file_open" },
  ...{ valid: true, record: "{}", program: "/usr/sbin/web" },
});

/** Each host has two of one kind; on the first one of them is otherwise, and one is of another kind. */
function told(n: number): ToldHost {
  const odd = [
    aWorkload("odd", "odd state"),
    aWorkload("nasty", "nasty state", { name: NASTY, mode: "detect" }),
    aWorkload("over", "odd state", { status: "ended", ended: 9 }),
    behaviour("reads a"),
    behaviour("reads b"),
    behaviour("reads c"),
    points("odd state", ["reads a", "reads b", "reads c"]),
    points("usual state", ["reads a", "reads d"]),
    aViolation("odd", 1),
    aViolation("odd", 2, { words: `opens ${NASTY}`, coefficient: hex("reads c"), at: 77 }),
    {
      kind: "processes" as const,
      at: 1,
      run: "odd",
      processes: [
        { what: "start" as const, at: "1000000000", pid: 11, name: "sh", task: hex("t") },
      ],
    },
  ];
  return {
    id: hostIdOf(n),
    name: `host-${n}`,
    labels: { dc: `dc${n % 2}` },
    group: n === 0 ? "edge" : "prod",
    items: [
      aWorkload("r0", "usual state"),
      aWorkload("r1", "usual state"),
      ...(n === 0 ? odd : []),
    ],
  };
}

describe("what is seen of a fleet", () => {
  const folder = mkdtempSync(join(tmpdir(), "galgo-views-"));
  let store: FleetStore;
  let views: FleetViews;

  before(async () => {
    store = await openStore({ url: process.env["GALGO_TEST_DB"] ?? "sqlite:", dataRoot: folder });
    await tellStore(
      store,
      Array.from({ length: HOSTS }, (_, n) => told(n)),
    );
    const services = { heartbeats: { maybe: undefined } } as never;
    views = new FleetViews({ store, now: () => Date.now(), services });
  });
  after(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("shows the fleet as states", async () => {
    const { hosts, workloads, violations, distinct, states } = await views.summary();
    assert.deepEqual(hosts, { total: HOSTS, connected: HOSTS, late: 0, revoked: 0 });
    const { total, running, outside, enforcing } = workloads;
    assert.deepEqual(
      { total, running, outside, enforcing },
      {
        ...{ total: HOSTS * 2 + 2, running: HOSTS * 2 + 2, outside: 1, enforcing: HOSTS * 2 + 1 },
      },
    );
    assert.equal(violations.hour, 1);
    assert.equal(violations.series.length, 60);
    assert.equal(distinct, 3);
    assert.deepEqual(
      states.map(({ state, count, hosts: on, outlier, violations: bad }) => [
        state,
        count,
        on,
        outlier,
        bad,
      ]),
      [
        [hex("usual state"), HOSTS * 2, HOSTS, false, 0],
        [hex("odd state"), 1, 1, true, 2],
        [hex("nasty state"), 1, 1, false, 0],
      ],
    );
  });

  it("counts hosts that were heard here before that is in the database", async () => {
    const later = Date.now() + 100_000;
    const heard = { maybe: { seen: (host: string) => (host === FIRST ? later : undefined) } };
    const services = { heartbeats: heard } as never;
    const { hosts, workloads } = await new FleetViews({
      store,
      now: () => later,
      services,
    }).summary();
    assert.deepEqual(hosts, { total: HOSTS, connected: 1, late: HOSTS - 1, revoked: 0 });
    assert.equal(workloads.stale, (HOSTS - 1) * 2);
  });

  it("lists workloads: a part, an order, filters, names with anything in them", async () => {
    const census = await new Censuses(store).at(0);
    const list = async (more: Partial<ListAsked>) => listWorkloads(store.db, asked(more), census);
    const all = await list({ limit: 3, offset: 2, sort: { field: "host", down: true } });
    assert.equal(all.total, HOSTS * 2 + 2);
    assert.deepEqual(
      all.rows.map(({ hostName }) => hostName),
      ["host-2", "host-2", "host-1"],
    );
    const [odd, ...others] = (await list({ only: { outlier: "1" } })).rows;
    assert.deepEqual([odd?.run, odd?.outlier, odd?.violations, others], ["odd", true, 2, []]);
    assert.deepEqual(
      (await list({ q: NASTY })).rows.map(({ name }) => name),
      [NASTY],
    );
    for (const q of ["%", "_", "\\", "'"])
      assert.deepEqual(
        (await list({ q })).rows.map(({ run }) => run),
        ["nasty"],
        q,
      );
    assert.equal((await list({ q: "HOST-3" })).total, 2);
    assert.equal((await list({ q: "dc1" })).total, 4);
    assert.deepEqual(
      (await list({ only: { mode: "detect" } })).rows.map(({ run }) => run),
      ["nasty"],
    );
    assert.deepEqual(
      (await list({ only: { status: "ended" } })).rows.map(({ run }) => run),
      ["over"],
    );
    assert.equal((await list({ only: { state: NASTY } })).total, 0);
  });

  it("lists hosts, with what is bad on them", async () => {
    const terms = { now: Date.now(), seen: () => undefined };
    const list = async (more: Partial<ListAsked>) => listHosts(store.db, asked(more), terms);
    const { rows, total } = await list({ sort: { field: "violations", down: true } });
    assert.equal(total, HOSTS);
    const [first, second] = rows;
    assert.deepEqual([first?.name, first?.violations, first?.outside], ["host-0", 2, 1]);
    assert.deepEqual([second?.violations, second?.status], [0, "connected"]);
    assert.deepEqual(
      (await list({ only: { label: "dc=dc1" } })).rows.map(({ name }) => name),
      ["host-1", "host-3"],
    );
    assert.equal((await list({ only: { status: "late" } })).total, 0);
    assert.equal((await list({ only: { group: "edge" } })).total, 1);
    assert.equal((await list({ q: FIRST })).total, 1);
    const later = { now: Date.now() + 100_000, seen: () => undefined };
    assert.equal(
      (await listHosts(store.db, asked({ only: { status: "late" } }), later)).total,
      HOSTS,
    );
  });

  it("lists violations and tells all of one", async () => {
    const list = async (more: Partial<ListAsked>) => listViolations(store.db, asked(more));
    const { rows, total } = await list({});
    assert.equal(total, 2);
    assert.deepEqual(
      rows.map(({ number }) => number),
      [1, 2],
    );
    assert.equal((await list({ only: { workload: `${FIRST}~odd` } })).total, 2);
    assert.equal((await list({ only: { workload: `${FIRST}~r0` } })).total, 0);
    assert.equal((await list({ q: NASTY })).total, 1);
    assert.equal((await list({ only: { decision: "killed" } })).total, 0);
    const found = await violationDetail(store.db, `${FIRST}~odd~1`);
    assert.equal(found?.hostName, "host-0");
    assert.deepEqual(found?.chain.at(-1), "/usr/bin/cat");
    assert.match(found?.why ?? "", /not in the model/);
    assert.deepEqual([found?.also.workloads, found?.also.hosts], [1, 1]);
    assert.equal(await violationDetail(store.db, NASTY), undefined);
  });

  it("says by what an outlier differs from most of its kind", async () => {
    const census = await new Censuses(store).at(0);
    const odd = await stateDetail(store.db, hex("odd state"), census);
    assert.equal(odd?.majority?.state, hex("usual state"));
    assert.equal(odd?.known, true);
    assert.deepEqual(
      odd?.more.map(({ words }) => words),
      ["reads b", "reads c"],
    );
    assert.deepEqual([odd?.moreTotal, odd?.lessTotal], [2, 1]);
    assert.deepEqual(odd?.less, [
      {
        ...{ coefficient: hex("reads d"), name: "", hook: "", words: "" },
        workloads: HOSTS * 2,
        first: 0,
      },
    ]);
    assert.equal(odd?.violated.length, 2);
    const nasty = await stateDetail(store.db, hex("nasty state"), census);
    assert.deepEqual([nasty?.more, nasty?.group.name], [[], NASTY]);
    assert.equal(await stateDetail(store.db, "none", census), undefined);
  });

  it("knows behaviours: of a workload, of a model, one by itself", async () => {
    const of = await behavioursOf(store.db, `${FIRST}~odd`, asked());
    assert.deepEqual(
      of.rows.map(({ words }) => words),
      ["reads a", "reads b", "reads c"],
    );
    assert.equal((await behavioursOf(store.db, `${FIRST}~odd`, asked({ q: "reads b" }))).total, 1);
    assert.equal((await behavioursOf(store.db, `${FIRST}~none`, asked())).total, 0);
    const candidates = await candidatesOf(store.db, hex("model"), asked());
    assert.equal(candidates.total, 2);
    const one = await behaviourDetail(store.db, hex("reads a"));
    assert.deepEqual(
      [one?.name, one?.program, one?.workloads],
      ["web", "/usr/sbin/web", HOSTS * 2 + 1],
    );
    assert.equal(await behaviourDetail(store.db, "ff"), undefined);
  });

  it("tells of processes and where to mark violations", async () => {
    const { facts, cut, violations } = await processesOf(store, `${FIRST}~odd`);
    assert.deepEqual([facts.length, cut], [1, false]);
    assert.deepEqual(
      violations.map(({ number, pid, at }) => [number, pid, at]),
      [
        [2, 11, "1012000000"],
        [1, 11, "1012000000"],
      ],
    );
  });

  it("finds by name and by digest", async () => {
    const kinds = async (q: string) => (await searchFleet(store.db, q)).map(({ kind }) => kind);
    assert.deepEqual(await kinds("host-1"), ["host"]);
    assert.deepEqual(await kinds(hex("odd state").slice(0, 8)), ["state"]);
    assert.deepEqual(await kinds(hex("reads b")), ["behaviour"]);
    assert.deepEqual(await kinds(`${FIRST}~odd~1`), ["violation"]);
    assert.deepEqual(await kinds(NASTY), ["workload"]);
    assert.deepEqual(await kinds(hex("model").slice(0, 8)), ["model"]);
    assert.deepEqual(await kinds("x"), []);
  });

  it("searches among the newest violations, and finds all of a workload", async () => {
    await sql`insert into violations (id, host, run, name, model, coefficient, hook, decision, words, why, body, at, received)
      with recursive n(i) as (select 1 union all select i + 1 from n where i < ${MAX_SEARCHED + 10})
      select 'many' || i, ${FIRST}, 'many', 'web', '', '', 'file_open', 'denied', 'needle ' || i, '', ${'{"number":1,"chain":[]}'}, 1000 + i, 1 from n`.execute(
      store.db,
    );
    const list = async (more: Partial<ListAsked>) =>
      (await listViolations(store.db, asked({ limit: 1, ...more }))).total;
    assert.equal(await list({ q: `needle ${MAX_SEARCHED}` }), 1);
    assert.equal(await list({ q: "needle 9", only: { workload: `${FIRST}~many` } }), 1_111);
    assert.equal(await list({ q: "needle 9" }), 1_110, "that of the oldest is not looked at");
    assert.equal(await list({}), MAX_SEARCHED + 12);
  });
});
