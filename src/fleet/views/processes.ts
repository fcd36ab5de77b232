// SPDX-License-Identifier: Apache-2.0
// What a host has told of the processes of a workload, and which violations to mark among them.
import type { ProcessesAnswer, ProcessViolation } from "../../wire/api/index.ts";
import type { ProcessFact, ViolationItem } from "../../wire/link/index.ts";
import type { FleetStore } from "../store/index.ts";
import { MAX_FACTS, MAX_MARKS } from "./limits.ts";
import { partsOf } from "./rows.ts";

/** Parcels are read so many at a time. */
const SOME = 200;

export async function processesOf(
  { db }: Pick<FleetStore, "db">,
  workload: string,
): Promise<ProcessesAnswer> {
  const { host, run } = partsOf(workload);
  const facts: ProcessFact[] = [];
  let cut = false;
  for (let offset = 0; !cut; offset += SOME) {
    const rows = await db
      .selectFrom("processes")
      .select("lines")
      .where("host", "=", host)
      .where("run", "=", run)
      .orderBy("told")
      .orderBy("item")
      .offset(offset)
      .limit(SOME)
      .execute();
    for (const { lines } of rows) facts.push(...(JSON.parse(lines) as readonly ProcessFact[]));
    cut = facts.length > MAX_FACTS;
    if (rows.length < SOME) break;
  }
  return { facts: facts.slice(0, MAX_FACTS), cut, violations: await marks(db, host, run) };
}

async function marks(
  db: FleetStore["db"],
  host: string,
  run: string,
): Promise<readonly ProcessViolation[]> {
  const rows = await db
    .selectFrom("violations")
    .select(["id", "words", "body"])
    .where("host", "=", host)
    .where("run", "=", run)
    .orderBy("at")
    .limit(MAX_MARKS)
    .execute();
  return rows.map(({ id, words, body }) => {
    const { number, decision, record } = JSON.parse(body) as ViolationItem;
    return { id, words, number, decision, ...placeOf(record) };
  });
}

/** Process and time of a record, which a host has sent: nothing of it is taken for granted. */
function placeOf(record: string): Pick<ProcessViolation, "pid" | "at"> {
  const { event } = objectOf(record) as { readonly event?: Readonly<Record<string, unknown>> };
  const pid = Number(event?.["tgid"] ?? event?.["pid"]);
  const at = String(event?.["ts"] ?? "");
  return {
    pid: Number.isSafeInteger(pid) ? pid : 0,
    at: /^\d{1,20}$/.test(at) ? at : "0",
  };
}

function objectOf(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
