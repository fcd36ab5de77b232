// SPDX-License-Identifier: Apache-2.0
// Roll-outs in the database: begun by somebody, carried on by whichever server looks first. A step, the commands of it and the line in the
// audit log are one transaction, which fails when another server was faster.
import type { Audit } from "../audit/audit.ts";
import { newId } from "../auth/secrets.ts";
import type { AccessTables } from "../auth/tables.ts";
import type { Commands, Issue, Orderer } from "../commands/commands.ts";
import { ABSENT_MS, LASTING_SECONDS } from "../commands/limits.ts";
import type { CommandTables } from "../commands/tables.ts";
import { quote } from "../../base/quote.ts";
import type { CommandRole } from "../../wire/link/index.ts";
import type { RolloutState } from "../../wire/api/index.ts";
import { pieces, type FleetStore } from "../store/index.ts";
import { type BackOrder, backOrders, grouped, modelsBefore, modesBefore } from "./before.ts";
import { factsOf, stepCounts } from "./facts.ts";
import { addHosts, expectAnswered } from "./hosts.ts";
import { decide, ordered, RolloutError, type Decision, type RolloutVerb } from "./machine.ts";
import { orderOfHosts, type StepHosts, stepsOf } from "./steps.ts";
import type { RolloutDb, RolloutHostRecord, RolloutRecord, RolloutTables } from "./tables.ts";

export interface RolloutParts {
  readonly store: FleetStore;
  readonly commands: Commands;
  readonly audit: Audit;
  /** ms since 1970 */
  now(): number;
  /** When a host was heard last, as far as this server knows (ms since 1970). */
  seen(host: string): number | undefined;
  /** It is another one now. */
  changed(id: string): void;
}

/** What is rolled out, checked. */
export interface RolloutPlan {
  readonly name: string;
  readonly model?: string;
  readonly mode?: "enforce" | "detect";
  readonly shares: readonly number[];
  readonly hosts: readonly string[];
  readonly watchMs: number;
  readonly answerMs: number;
  readonly maxFailed: number;
  readonly maxViolations: number;
}

const ACTIVE: readonly RolloutState[] = ["running", "paused", "rolling-back"];

export class Rollouts {
  readonly #parts: RolloutParts;

  constructor(parts: RolloutParts) {
    this.#parts = parts;
  }

  get db(): RolloutDb {
    return tables(this.#parts.store.db);
  }

  /** Begins one and returns its id. @throws RolloutError NO_HOSTS, CONFLICT: there is one for this name */
  async begin(plan: RolloutPlan, by: Orderer): Promise<string> {
    const id = newId();
    const hosts = orderOfHosts(id, plan.hosts);
    const steps = stepsOf(plan.shares, hosts.length);
    if (steps.length === 0) throw new RolloutError("NO_HOSTS", "there is no host to roll out to");
    const now = this.#parts.now();
    const record: RolloutRecord = {
      id,
      name: plan.name,
      model: plan.model ?? null,
      mode: plan.mode ?? null,
      steps: JSON.stringify(steps),
      watch_ms: plan.watchMs,
      answer_ms: plan.answerMs,
      max_failed: plan.maxFailed,
      max_violations: plan.maxViolations,
      state: "running",
      step: 0,
      phase: "answers",
      since: now,
      reason: null,
      created: now,
      by: by.name,
      role: by.role,
      version: 1,
    };
    const sent = await this.#parts.store.transaction(async (given) => {
      const tx = tables(given);
      const made = await tx
        .insertInto("rollouts")
        .values(record)
        .onConflict((conflict) => conflict.doNothing())
        .returning("id")
        .executeTakeFirst();
      if (made === undefined) throw alreadyOne(plan.name);
      await addHosts(tx, id, hosts, steps);
      return this.#reach(tx, record);
    });
    await this.#after(id, sent);
    return id;
  }

  /** @throws RolloutError NOT_FOUND */
  async get(id: string): Promise<RolloutRecord> {
    const found = await this.db
      .selectFrom("rollouts")
      .selectAll()
      .where("id", "=", id)
      .executeTakeFirst();
    if (found !== undefined) return found;
    throw new RolloutError("NOT_FOUND", "there is no roll-out with this id");
  }

  /** How many have not ended. */
  async active(): Promise<number> {
    const { count } = await this.db
      .selectFrom("rollouts")
      .select((e) => e.fn.countAll<number>().as("count"))
      .where("state", "in", ACTIVE)
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  /** What somebody orders. @throws RolloutError NOT_FOUND, CONFLICT */
  async order(id: string, verb: RolloutVerb, by: Orderer): Promise<void> {
    const record = await this.get(id);
    const state = ordered(id, record.state as RolloutState, verb);
    if (!ACTIVE.includes(record.state as RolloutState)) await this.#refuseOther(record);
    const isDone =
      state === "rolling-back"
        ? await this.#rollBack(record, `asked for by ${by.name}`, by)
        : await this.#move(record, { state, since: this.#parts.now() });
    if (isDone) return;
    throw new RolloutError("CONFLICT", `roll-out ${id} has just changed; look at it and try again`);
  }

  /** What has ended goes back neither beside another one nor over what a later one has brought. */
  async #refuseOther({ name, created }: RolloutRecord): Promise<void> {
    const others = await this.db
      .selectFrom("rollouts")
      .select(["id", "state"])
      .where("name", "=", name)
      .where(({ or, and, eb }) =>
        or([
          eb("state", "in", ACTIVE),
          and([eb("state", "=", "done"), eb("created", ">", created)]),
        ]),
      )
      .execute();
    if (others.some(({ state }) => state !== "done")) throw alreadyOne(name);
    const [later] = others;
    if (later === undefined) return;
    const problem = `the later roll-out ${later.id} stands for ${quote(name, 80)}`;
    throw new RolloutError("CONFLICT", `${problem}; roll that one back first`);
  }

  /** Carries on with all that are to be carried on. */
  async work(): Promise<void> {
    const active = await this.db
      .selectFrom("rollouts")
      .selectAll()
      .where("state", "in", ACTIVE)
      .limit(1_000)
      .execute();
    for (const record of active) await this.#carryOn(record);
  }

  async #carryOn(record: RolloutRecord): Promise<void> {
    const { step, since, watch_ms, answer_ms, max_failed, max_violations } = record;
    const state = record.state as RolloutState;
    const counts = await stepCounts(this.db, record, state === "rolling-back");
    const phase = record.phase === "watching" ? "watching" : "answers";
    const steps = stepsOfRecord(record).length;
    const terms = {
      watchMs: watch_ms,
      answerMs: answer_ms,
      maxFailed: max_failed,
      maxViolations: max_violations,
    };
    const place = { state, step, steps, phase, since } as const;
    const found = decide(place, terms, factsOf(counts, record), this.#parts.now());
    await this.#apply(record, found);
  }

  async #apply(record: RolloutRecord, decision: Decision): Promise<void> {
    const now = this.#parts.now();
    switch (decision.next) {
      case "nothing":
        return;
      case "watch":
        await this.#move(record, { phase: "watching", since: now });
        return;
      case "step":
        await this.#move(record, { step: record.step + 1, phase: "answers", since: now }, "reach");
        return;
      case "finish":
        await this.#move(record, { state: "done", since: now }, "told");
        return;
      case "roll back":
        await this.#rollBack(record, decision.reason, ordererOf(record));
        return;
      case "end": {
        const state = decision.reason === undefined ? "rolled-back" : "stopped";
        const why = [record.reason, decision.reason].filter((one) => one != null).join("; ");
        await this.#move(record, { state, reason: why, since: now }, "told");
        return;
      }
    }
  }

  /** @param more `reach`: ask the hosts of the step; `told`: write a line in the audit log @returns false: another server was faster */
  async #move(
    record: RolloutRecord,
    change: Partial<RolloutRecord>,
    more?: "reach" | "told",
  ): Promise<boolean> {
    const after = { ...record, ...change, version: record.version + 1 };
    const sent = await this.#parts.store.transaction(async (given) => {
      const tx = tables(given);
      if (!(await isFirst(tx, record, after))) return undefined;
      if (more === "told") await this.#note(tx, after);
      return more === "reach" ? this.#reach(tx, after) : [];
    });
    if (sent !== undefined) await this.#after(record.id, sent);
    return sent !== undefined;
  }

  async #rollBack(record: RolloutRecord, reason: string, by: Orderer): Promise<boolean> {
    const now = this.#parts.now();
    const state: RolloutState = "rolling-back";
    const after = { ...record, state, reason, since: now, version: record.version + 1 };
    const sent = await this.#parts.store.transaction(async (given) => {
      const tx = tables(given);
      if (!(await isFirst(tx, record, after))) return undefined;
      await this.#note(tx, after);
      return this.#takeBack(tx, after, by);
    });
    if (sent !== undefined) await this.#after(record.id, sent);
    return sent !== undefined;
  }

  /** Commands for the hosts of the step that the record is at. @returns their ids */
  async #reach(tx: RolloutDb, record: RolloutRecord): Promise<readonly string[]> {
    const { id, name, step, model, mode } = record;
    const now = this.#parts.now();
    const hosts = await tx
      .selectFrom("rollout_hosts as r")
      .innerJoin("hosts as h", "h.id", "r.host")
      .select(["r.host", "h.last_seen", "h.enrolled_at"])
      .where("r.rollout", "=", id)
      .where("r.step", "=", step)
      .orderBy("r.host")
      .execute();
    const ids = hosts.map(({ host }) => host);
    const to = { hosts: ids, everybody: false };
    const before = await (mode === null
      ? modelsBefore(tx, name, ids)
      : modesBefore(tx, record, ids));
    const what = mode === null ? { digest: model } : { mode, select: { names: [name] } };
    const command = await this.#parts.commands.write(tx, issueOf(record, what, to));
    const groups = grouped(hosts, ({ host, last_seen, enrolled_at }) => {
      const seen = Math.max(last_seen ?? 0, enrolled_at, this.#parts.seen(host) ?? 0);
      const absent = now - seen > ABSENT_MS ? 1 : 0;
      return JSON.stringify({ absent, previous: before.get(host) ?? null });
    });
    for (const [key, some] of groups) {
      const so = JSON.parse(key) as Pick<RolloutHostRecord, "absent" | "previous">;
      for (const part of pieces(some, 1)) {
        await tx
          .updateTable("rollout_hosts")
          .set({ ...so, reached: now, command })
          .where("rollout", "=", id)
          .where("host", "in", [...part])
          .execute();
      }
    }
    return [command];
  }

  /** Commands that give all hosts that were reached what they had before. @returns their ids */
  async #takeBack(tx: RolloutDb, record: RolloutRecord, by: Orderer): Promise<readonly string[]> {
    const { id } = record;
    const reached = await tx
      .selectFrom("rollout_hosts")
      .select(["host", "previous", "command"])
      .where("rollout", "=", id)
      .where("reached", "is not", null)
      .orderBy("host")
      .execute();
    const given = [...new Set(reached.flatMap(({ command }) => command ?? []))];
    await expectAnswered(tx, id);
    await tx
      .updateTable("command_hosts")
      .set({ status: "expired", words: "taken back" })
      .where("command", "in", given)
      .where("status", "in", ["waiting", "progress"])
      .execute();
    const sent: string[] = [];
    for (const { what, hosts } of backOrders(record, reached)) {
      const to = { hosts, everybody: false };
      const command = await this.#parts.commands.write(tx, { ...issueOf(record, what, to), by });
      sent.push(command);
      for (const some of pieces(hosts, 1)) {
        await tx
          .updateTable("rollout_hosts")
          .set({ back: command })
          .where("rollout", "=", id)
          .where("host", "in", [...some])
          .execute();
      }
    }
    return sent;
  }

  async #note(tx: RolloutDb, { id, state, reason, name }: RolloutRecord): Promise<void> {
    const words = `${name}: ${state}${reason === null ? "" : `, ${reason}`}`;
    const deed = { who: `rollout ${id}`, action: `rollout.${state}`, target: id, address: "" };
    await this.#parts.audit.note({ ...deed, result: "done", words }, tx);
  }

  async #after(id: string, commands: readonly string[]): Promise<void> {
    // what can not be sent now is sent by whoever looks next
    for (const command of commands) {
      await this.#parts.commands.send(command).catch(() => undefined);
    }
    this.#parts.changed(id);
  }
}

function alreadyOne(name: string): RolloutError {
  const problem = `there is a roll-out for ${quote(name, 80)} that has not ended`;
  return new RolloutError("CONFLICT", `${problem}; let it end, or roll it back`);
}

function tables(db: Pick<FleetStore, "db">["db"]): RolloutDb {
  return db.withTables<CommandTables>().withTables<AccessTables>().withTables<RolloutTables>();
}

/** Writes the change, unless somebody else has changed it since it was read. */
async function isFirst(
  tx: RolloutDb,
  { id, version }: RolloutRecord,
  after: RolloutRecord,
): Promise<boolean> {
  const { state, step, phase, since, reason } = after;
  const row = await tx
    .updateTable("rollouts")
    .set({ state, step, phase, since, reason, version: after.version })
    .where("id", "=", id)
    .where("version", "=", version)
    .returning("id")
    .executeTakeFirst();
  return row !== undefined;
}

/** What is told to hosts: a model for the workloads of the name, or another mode. */
function issueOf(record: RolloutRecord, what: BackOrder["what"], to: Issue["to"]): Issue {
  const { id, name } = record;
  const order = { seconds: LASTING_SECONDS, to, by: ordererOf(record), rollout: id };
  if ("digest" in what) {
    return { ...order, kind: "model", args: { name, digest: what.digest }, select: { all: true } };
  }
  const kind = what.mode === "enforce" ? "enforce" : "detect";
  return { ...order, kind, args: {}, select: what.select };
}

export function stepsOfRecord({ steps }: Pick<RolloutRecord, "steps">): readonly StepHosts[] {
  return JSON.parse(steps) as readonly StepHosts[];
}

function ordererOf({ by, role }: RolloutRecord): Orderer {
  return { name: by, role: role as CommandRole };
}
