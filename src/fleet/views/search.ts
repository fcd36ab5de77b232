// SPDX-License-Identifier: Apache-2.0
// A search over everything that has a name or a digest.
import type { SearchResult } from "../../wire/api/index.ts";
import type { ModelTables } from "../models/tables.ts";
import { type FleetStore, holds } from "../store/index.ts";
import { beginsWith } from "./asked.ts";
import { MAX_FOUND, MIN_SEARCH_CHARS } from "./limits.ts";
import { workloadId } from "./rows.ts";

type Db = FleetStore["db"];

const HEX = /^[0-9a-f]{4,128}$/;
const SHOWN = 12;

export async function searchFleet(db: Db, text: string): Promise<readonly SearchResult[]> {
  const q = text.trim();
  if (q.length < MIN_SEARCH_CHARS) return [];
  const digest = q.toLowerCase();
  const found = await Promise.all([
    hosts(db, q),
    workloads(db, q),
    models(db, q),
    ...(HEX.test(digest) ? [states(db, digest)] : []),
    behaviours(db, q),
    violation(db, q),
  ]);
  return found.flat();
}

async function hosts(db: Db, q: string): Promise<readonly SearchResult[]> {
  const rows = await db
    .selectFrom("hosts")
    .select(["id", "name", "grp"])
    .where(({ or, eb }) => or([holds("name", q), eb("id", "=", q)]))
    .orderBy("name")
    .limit(MAX_FOUND)
    .execute();
  return rows.map(({ id, name, grp }) => ({ kind: "host", id, title: name, detail: grp ?? "" }));
}

async function workloads(db: Db, q: string): Promise<readonly SearchResult[]> {
  const rows = await db
    .selectFrom("workloads")
    .innerJoin("hosts", "hosts.id", "workloads.host")
    .select(["workloads.host", "workloads.run", "workloads.name", "hosts.name as host_name"])
    .where("workloads.gone", "=", 0)
    .where(({ or, eb }) => or([holds("workloads.name", q), eb("workloads.run", "=", q)]))
    .orderBy("workloads.name")
    .limit(MAX_FOUND)
    .execute();
  return rows.map(({ host, run, name, host_name }) => ({
    kind: "workload",
    id: workloadId(host, run),
    title: name,
    detail: host_name,
  }));
}

async function states(db: Db, digest: string): Promise<readonly SearchResult[]> {
  const rows = await db
    .selectFrom("workloads")
    .select(["state", "name"])
    .distinct()
    .where("gone", "=", 0)
    .where(beginsWith("state", digest))
    .limit(MAX_FOUND)
    .execute();
  return rows.map(({ state, name }) => ({
    kind: "state",
    id: state,
    title: state.slice(0, SHOWN),
    detail: name,
  }));
}

/** Those that the fleet has, by name or digest; others that something runs under, by digest. */
async function models(db: Db, q: string): Promise<readonly SearchResult[]> {
  const digest = HEX.test(q.toLowerCase()) ? q.toLowerCase() : undefined;
  const own = await db
    .withTables<ModelTables>()
    .selectFrom("models")
    .select(["digest", "name", "version"])
    .where(({ or, eb }) =>
      or([
        holds("name", q),
        ...(digest === undefined ? [] : [eb.and([beginsWith("digest", digest)])]),
      ]),
    )
    .orderBy("added", "desc")
    .limit(MAX_FOUND)
    .execute();
  const found = own.map(({ digest: id, name, version }): SearchResult => {
    return { kind: "model", id, title: name, detail: `version ${version}` };
  });
  if (found.length > 0 || digest === undefined) return found;
  const rows = await db
    .selectFrom("workloads")
    .select(({ fn }) => ["model", fn.min<string>("name").as("name")])
    .where("gone", "=", 0)
    .where(beginsWith("model", digest))
    .groupBy("model")
    .limit(MAX_FOUND)
    .execute();
  return rows.map(({ model, name }) => ({
    kind: "model",
    id: model,
    title: model.slice(0, SHOWN),
    detail: name,
  }));
}

async function behaviours(db: Db, q: string): Promise<readonly SearchResult[]> {
  const rows = await db
    .selectFrom("behaviours")
    .select(["coefficient", "words", "hook"])
    .where(holds("words", q))
    .unionAll(
      db
        .selectFrom("behaviours")
        .select(["coefficient", "words", "hook"])
        .where("coefficient", "=", q.toLowerCase()),
    )
    .limit(MAX_FOUND)
    .execute();
  return rows.map(({ coefficient, words, hook }) => ({
    kind: "behaviour",
    id: coefficient,
    title: words,
    detail: hook,
  }));
}

async function violation(db: Db, q: string): Promise<readonly SearchResult[]> {
  const row = await db
    .selectFrom("violations")
    .select(["id", "words", "name"])
    .where("id", "=", q)
    .executeTakeFirst();
  if (row === undefined) return [];
  return [{ kind: "violation", id: row.id, title: row.words, detail: row.name }];
}
