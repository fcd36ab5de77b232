// SPDX-License-Identifier: Apache-2.0
// Evidence as the API shows it.
import type { AttestationRow, Rows } from "../../wire/api/index.ts";
import { FleetError } from "../errors.ts";
import type { PageAsked } from "../server/page-of.ts";
import { dbText } from "../store/index.ts";
import type { AttestationDb } from "./tables.ts";
import type { PolicyText } from "./policy.ts";

const COLUMNS = [
  ...(["a.id", "a.command", "a.host", "a.run", "a.nonce", "a.at", "a.accepted"] as const),
  ...(["a.reasons", "a.gaps"] as const),
];

/** The newest first, without tokens and policies. @param q id of a command, host or run; empty: all */
export async function listAttestations(
  db: AttestationDb,
  { q, offset, limit }: PageAsked,
): Promise<Rows<AttestationRow>> {
  const all = db.selectFrom("attestations as a");
  const word = dbText(q);
  const some =
    q === ""
      ? all
      : all.where((e) =>
          e.or([e("a.command", "=", word), e("a.host", "=", word), e("a.run", "=", word)]),
        );
  const { count } = await some
    .select((e) => e.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  const records = await some
    .leftJoin("hosts as h", "h.id", "a.host")
    .leftJoin("workloads as w", (join) =>
      join.onRef("w.host", "=", "a.host").onRef("w.run", "=", "a.run"),
    )
    .select(COLUMNS)
    .select(["h.name as hostName", "w.name as name"])
    .orderBy("a.at", "desc")
    .orderBy("a.id")
    .offset(offset)
    .limit(limit)
    .execute();
  return { rows: records.map((one) => rowOf({ ...one, token: "" })), total: Number(count), offset };
}

/** @throws FleetError NOT_FOUND */
export async function attestation(db: AttestationDb, id: string): Promise<AttestationRow> {
  const found = await db
    .selectFrom("attestations as a")
    .leftJoin("hosts as h", "h.id", "a.host")
    .leftJoin("workloads as w", (join) =>
      join.onRef("w.host", "=", "a.host").onRef("w.run", "=", "a.run"),
    )
    .select(COLUMNS)
    .select(["a.token", "a.policy", "h.name as hostName", "w.name as name"])
    .where("a.id", "=", dbText(id))
    .executeTakeFirst();
  if (found === undefined) throw new FleetError("NOT_FOUND", "there is no such evidence");
  const { policy } = found;
  return { ...rowOf(found), ...(policy !== "" && { policy: JSON.parse(policy) as PolicyText }) };
}

interface Row {
  readonly id: string;
  readonly host: string;
  readonly run: string;
  readonly nonce: string;
  readonly at: number;
  readonly accepted: number | null;
  readonly reasons: string;
  readonly gaps: string;
  readonly token: string;
  readonly hostName: string | null;
  readonly name: string | null;
}

function rowOf(row: Row): AttestationRow {
  const { id, host, run, nonce, at, accepted, token } = row;
  return {
    ...{ id, host, hostName: row.hostName ?? "", workload: `${host}~${run}`, name: row.name ?? "" },
    at,
    ...(accepted !== null && { accepted: accepted === 1 }),
    reasons: JSON.parse(row.reasons) as AttestationRow["reasons"],
    gaps: JSON.parse(row.gaps) as readonly string[],
    token,
    nonce,
  };
}
