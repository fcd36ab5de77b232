// SPDX-License-Identifier: Apache-2.0
// What the database knows of a roll-out: what its hosts have answered, and what went wrong there since.
import { sql } from "kysely";
import type { StepFacts } from "./machine.ts";
import type { RolloutDb, RolloutRecord } from "./tables.ts";

/** Of the hosts of one step. */
export interface StepCounts {
  readonly step: number;
  readonly hosts: number;
  readonly done: number;
  readonly failed: number;
  /** Connected, and without an answer. */
  readonly waiting: number;
  readonly absent: number;
  readonly violations: number;
  readonly started: number | undefined;
}

/** Nobody waits for a host that was thrown out. */
const AWAY = sql<number>`case when h.revoked_at is null then r.absent else 1 end`;

/** @param back what became of taking it back, instead of giving it */
export async function stepCounts(
  db: RolloutDb,
  { id, ...rollout }: RolloutRecord,
  back: boolean,
): Promise<readonly StepCounts[]> {
  const answered = await db
    .selectFrom("rollout_hosts as r")
    .leftJoin("command_hosts as c", (join) =>
      join.onRef("c.command", "=", back ? "r.back" : "r.command").onRef("c.host", "=", "r.host"),
    )
    .innerJoin("hosts as h", "h.id", "r.host")
    .select(["r.step", "c.status", (e) => e.fn.countAll<number>().as("count")])
    .select(AWAY.as("absent"))
    .select((e) => e.fn.min("r.reached").as("started"))
    .where("r.rollout", "=", id)
    .groupBy(["r.step", "c.status"])
    .groupBy(AWAY)
    .execute();
  const violations = await violationsOf(db, { id, ...rollout });
  const steps = new Map<number, StepCounts>();
  for (const { step, absent, status, count, started } of answered) {
    const known = steps.get(step) ?? { ...NONE, step, violations: violations.get(step) ?? 0 };
    const member = memberOf(status, Number(absent) === 1);
    steps.set(step, {
      ...known,
      hosts: known.hosts + Number(count),
      ...(member !== undefined && { [member]: known[member] + Number(count) }),
      started: started === null ? known.started : Number(started),
    });
  }
  return [...steps.values()].sort((a, b) => a.step - b.step);
}

const NONE = { hosts: 0, done: 0, failed: 0, waiting: 0, absent: 0, started: undefined };

/** @returns undefined: its step has not begun */
function memberOf(
  status: string | null,
  absent: boolean,
): "done" | "failed" | "waiting" | "absent" | undefined {
  if (status === null) return undefined;
  if (status === "done") return "done";
  if (status === "failed" || status === "refused") return "failed";
  if (absent) return "absent";
  return status === "expired" ? "failed" : "waiting";
}

/** New violations by step: of workloads of the name, under the model that is rolled out, since their host was reached: by the clock of the servers. */
async function violationsOf(
  db: RolloutDb,
  { id, name, model, created }: RolloutRecord,
): Promise<ReadonlyMap<number, number>> {
  const all = db
    .selectFrom("violations as v")
    .innerJoin("rollout_hosts as r", "r.host", "v.host")
    .select(["r.step", (e) => e.fn.countAll<number>().as("count")])
    .where("r.rollout", "=", id)
    .where("r.reached", "is not", null)
    .where("v.name", "=", name)
    .where("v.received", ">=", created)
    .where(sql<boolean>`v.received >= r.reached`);
  const some = model === null ? all : all.where("v.model", "=", model);
  const rows = await some.groupBy("r.step").execute();
  return new Map(rows.map(({ step, count }) => [step, Number(count)]));
}

/** What is to be decided by. */
export function factsOf(
  counts: readonly StepCounts[],
  { state, step }: Pick<RolloutRecord, "state" | "step">,
): StepFacts {
  const isBack = state === "rolling-back";
  const asked = counts.filter((one) => (isBack ? one.step <= step : one.step === step));
  const sum = (member: "done" | "failed" | "waiting"): number =>
    asked.reduce((all, one) => all + one[member], 0);
  return {
    done: sum("done"),
    failed: sum("failed"),
    waiting: sum("waiting"),
    violations: counts.reduce((all, one) => all + one.violations, 0),
  };
}
