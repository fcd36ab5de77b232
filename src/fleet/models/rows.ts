// SPDX-License-Identifier: Apache-2.0
// Models as the API shows them: with how many workloads run under each.
import type { ModelRow, Rows } from "../../wire/api/index.ts";
import type { PageAsked } from "../server/page-of.ts";
import { holds } from "../store/index.ts";
import type { ModelDb, ModelRecord } from "./tables.ts";
import type { ModelTrust } from "./trust.ts";

type Listed = Omit<ModelRecord, "text">;

const COLUMNS = [
  ...(["digest", "name", "version", "parent", "behaviours", "sealed", "state", "bytes"] as const),
  ...(["signed_by", "added", "by", "reason"] as const),
];

/** By name, the newest first. */
export async function listModels(
  db: ModelDb,
  trust: ModelTrust,
  { q, offset, limit }: PageAsked,
): Promise<Rows<ModelRow>> {
  const all = db.selectFrom("models");
  const some =
    q === "" ? all : all.where((e) => e.or(["name", "digest"].map((column) => holds(column, q))));
  const { count } = await some
    .select((e) => e.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  const records = await some
    .select(COLUMNS)
    .orderBy("name")
    .orderBy("version", "desc")
    .offset(offset)
    .limit(limit)
    .execute();
  return { rows: await modelRows(db, trust, records), total: Number(count), offset };
}

export async function modelRows(
  db: ModelDb,
  trust: ModelTrust,
  records: readonly Listed[],
): Promise<readonly ModelRow[]> {
  if (records.length === 0) return [];
  const digests = records.map(({ digest }) => digest);
  const used = await db
    .selectFrom("workloads")
    .select(["model", (e) => e.fn.countAll<number>().as("count")])
    .select((e) => e.fn.sum<number>("violations").as("violations"))
    .where("gone", "=", 0)
    .where("model", "in", digests)
    .groupBy("model")
    .execute();
  const names = new Map((await trust.keys()).map(({ id, name }) => [id, name]));
  return records.map((record) => {
    const use = used.find(({ model }) => model === record.digest);
    const { name, digest, version, behaviours, state, bytes, added, by, parent, reason } = record;
    const ids = JSON.parse(record.signed_by) as readonly string[];
    return {
      ...{ digest, name, version, behaviours, sealed: record.sealed === 1, state, bytes },
      signedBy: ids.map((id) => names.get(id) ?? id.slice(0, 16)),
      workloads: Number(use?.count ?? 0),
      violations: Number(use?.violations ?? 0),
      ...{ added, by },
      ...(parent !== null && { parent }),
      ...(reason !== null && { reason }),
    };
  });
}
