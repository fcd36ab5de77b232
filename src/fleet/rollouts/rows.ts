// SPDX-License-Identifier: Apache-2.0
// Roll-outs as the API shows them.
import type { RolloutRow, RolloutState, RolloutStepRow, Rows } from "../../wire/api/index.ts";
import type { PageAsked } from "../server/page-of.ts";
import { holds } from "../store/index.ts";
import { type StepCounts, stepCounts } from "./facts.ts";
import { stepsOfRecord } from "./rollouts.ts";
import type { RolloutDb, RolloutRecord } from "./tables.ts";

/** The newest first. */
export async function listRollouts(
  db: RolloutDb,
  { q, offset, limit }: PageAsked,
): Promise<Rows<RolloutRow>> {
  const all = db.selectFrom("rollouts");
  const some = q === "" ? all : all.where(holds("name", q));
  const { count } = await some
    .select((e) => e.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  const records = await some
    .selectAll()
    .orderBy("created", "desc")
    .orderBy("id")
    .offset(offset)
    .limit(limit)
    .execute();
  const rows: RolloutRow[] = [];
  for (const record of records) rows.push(await rolloutRow(db, record));
  return { rows, total: Number(count), offset };
}

export async function rolloutRow(db: RolloutDb, record: RolloutRecord): Promise<RolloutRow> {
  const counts = await stepCounts(db, record, false);
  const { id, name, model, mode, reason, created, by } = record;
  return {
    id,
    name,
    model: model ?? "",
    ...(mode !== null && { mode: mode as "enforce" | "detect" }),
    state: record.state as RolloutState,
    ...(reason !== null && { reason }),
    created,
    by,
    steps: stepsOfRecord(record).map(({ share, from, to }, step) =>
      stepRow(record, { step, share, hosts: to - from }, counts),
    ),
  };
}

function stepRow(
  record: RolloutRecord,
  { step, share, hosts }: { readonly step: number; readonly share: number; readonly hosts: number },
  counts: readonly StepCounts[],
): RolloutStepRow {
  const found = counts.find((one) => one.step === step);
  const next = counts.find((one) => one.step === step + 1)?.started;
  const isOver = record.state === "done" && step === record.step;
  const ended = next ?? (isOver ? record.since : undefined);
  return {
    share,
    hosts,
    done: found?.done ?? 0,
    failed: found?.failed ?? 0,
    absent: found?.absent ?? 0,
    violations: found?.violations ?? 0,
    state: stateOf(record, step),
    ...(found?.started !== undefined && { started: found.started }),
    ...(ended !== undefined && { ended }),
    watchSeconds: record.watch_ms / 1_000,
  };
}

function stateOf(record: RolloutRecord, step: number): RolloutStepRow["state"] {
  if (step > record.step) return "waiting";
  if (step < record.step || record.state === "done") return "passed";
  const isOn = record.state === "running" || record.state === "paused";
  if (!isOn) return "failed";
  return record.phase === "watching" ? "watching" : "running";
}
