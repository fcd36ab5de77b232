// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { aSigner } from "../../../test/helpers/signing.ts";
import { openTestStore } from "../../../test/helpers/test-store.ts";
import { Audit } from "../audit/audit.ts";
import { Commands } from "../commands/commands.ts";
import { ABSENT_MS } from "../commands/limits.ts";
import { applyResults } from "../commands/results.ts";
import type { CommandTables } from "../commands/tables.ts";
import type { FleetStore } from "../store/index.ts";
import { type RolloutPlan, Rollouts } from "./rollouts.ts";
import { rolloutRow } from "./rows.ts";

const signer = aSigner("Ed25519");
const by = { name: "olga", role: "operator" } as const;
const NEW = "aa".repeat(32);
const OLD = "bb".repeat(32);
/** Digits as letters. */
const hostId = (n: number): string =>
  `h${n.toString().padStart(19, "0")}`.replace(/\d/g, (digit) =>
    "abcdefghij".charAt(Number(digit)),
  );
const HOSTS = Array.from({ length: 20 }, (_, i) => hostId(i));
const plan: RolloutPlan = {
  name: "shop",
  model: NEW,
  shares: [5, 50, 100],
  hosts: HOSTS,
  watchMs: 1_000,
  answerMs: 5_000,
  maxFailed: 0,
  maxViolations: 0,
};
let folder: string;
let store: FleetStore;
let clock = 1_790_000_000_000;
const seen = new Map<string, number>();

function orders(): Commands {
  const nowhere = { down: () => undefined, all: () => undefined };
  return new Commands({ store, signer, now: () => clock, ...nowhere });
}

/** One of several servers on the same database. */
function server(): Rollouts {
  const now = (): number => clock;
  return new Rollouts({
    store,
    commands: orders(),
    audit: new Audit(store, now),
    now,
    seen: (host) => seen.get(host) ?? clock,
    changed: () => undefined,
  });
}

interface Asked {
  readonly command: string;
  readonly host: string;
  readonly digest: string | null;
}

/** Hosts that have a command of the roll-out without an answer. */
async function asked(): Promise<readonly Asked[]> {
  const rows = await store.db
    .withTables<CommandTables>()
    .selectFrom("command_hosts")
    .innerJoin("commands", "commands.id", "command_hosts.command")
    .select(["command", "host", "args"])
    .where("status", "=", "waiting")
    .orderBy("host")
    .execute();
  return rows.map(({ command, host, args }) => ({ command, host, ...JSON.parse(args) }) as Asked);
}

async function answer(status: "done" | "failed", only?: string): Promise<void> {
  for (const { command, host } of await asked()) {
    if (only !== undefined && only !== host) continue;
    const item = { kind: "result", at: clock, command, status, words: "" } as const;
    await store.transaction((tx) =>
      applyResults(tx.withTables<CommandTables>(), [{ host, item }], clock),
    );
  }
}

/** Time goes by, and both servers look what is to be done, at the same time. */
async function pass(ms: number): Promise<void> {
  clock += ms;
  await Promise.all([server().work(), server().work()]);
}

async function violation(host: string, model: string): Promise<void> {
  const texts = { coefficient: "cc", hook: "file_open", decision: "denied", words: "", why: "" };
  const row = { host, run: "run-1", name: "shop", model, at: clock, received: clock, body: "{}" };
  const id = `${host}~run-1~${clock}~${model}`;
  await store.db
    .insertInto("violations")
    .values({ id, ...row, ...texts })
    .execute();
}

async function workload(host: string, run: string, mode: string): Promise<void> {
  const texts = { measurement: "", model: "", body: "{}", counts: "{}", told: "", counts_told: "" };
  const numbers = { sealed: 1, started: 1, gone: 0, violations: 0, updated: 1 };
  const row = { host, run, name: "shop", mode, status: "running", state: "s", image: null };
  await store.db
    .insertInto("workloads")
    .values({ ...row, ...texts, ...numbers })
    .execute();
}

async function look(id: string): Promise<readonly [string, ...string[]]> {
  const { state, steps } = await rolloutRow(server().db, await server().get(id));
  return [state, ...steps.map((step) => `${step.state} ${step.done}/${step.hosts}`)];
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "galgo-rollouts-"));
  store = await openTestStore(folder);
  const row = { labels: "{}", enrolled_at: 0, rev: 0, workloads: 0, grp: null };
  const rest = {
    version: null,
    token: null,
    revoked_at: null,
    last_seen: null,
    states: null,
    spool: null,
  };
  for (const id of HOSTS) {
    await store.db
      .insertInto("hosts")
      .values({ id, name: id, key: `U${id}`, ...row, ...rest })
      .execute();
  }
});
after(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(async () => {
  seen.clear();
  clock += 10_000_000;
  const db = store.db.withTables<CommandTables>();
  for (const table of ["host_models", "command_hosts", "commands"] as const) {
    await db.deleteFrom(table).execute();
  }
  await store.db.deleteFrom("violations").execute();
  await store.db.deleteFrom("workloads").execute();
  await store.db.updateTable("hosts").set({ revoked_at: null }).execute();
});

describe("a roll-out on two servers", () => {
  it("goes step by step, each host asked once, to its end", async () => {
    const id = await server().begin(plan, by);
    const reached: number[] = [];
    for (let step = 0; step < 3; step++) {
      reached.push((await asked()).length);
      assert.deepEqual(new Set((await asked()).map(({ digest }) => digest)), new Set([NEW]));
      await answer("done");
      await pass(10);
      await pass(plan.watchMs - 1);
      await pass(1);
    }
    assert.deepEqual(reached, [1, 9, 10]);
    assert.deepEqual(await look(id), ["done", "passed 1/1", "passed 9/9", "passed 10/10"]);
    const commands = await store.db
      .withTables<CommandTables>()
      .selectFrom("commands")
      .select("id")
      .execute();
    assert.equal(commands.length, 3);
    const { rows } = await new Audit(store, () => clock).list({ q: id, offset: 0, limit: 10 });
    assert.deepEqual(
      rows.map(({ action, who }) => [action, who]),
      [["rollout.done", `rollout ${id}`]],
    );
  });

  it("stops at a new violation, and gives each host back what it had", async () => {
    const first = { ...plan, shares: [100], model: OLD, hosts: HOSTS.slice(0, 10) };
    const before = await server().begin(first, by);
    await answer("done");
    await assert.rejects(server().begin(plan, by), { code: "CONFLICT" });
    await pass(10);
    await pass(plan.watchMs);
    assert.equal((await look(before))[0], "done");
    const id = await server().begin({ ...plan, shares: [100] }, by);
    await answer("done");
    await pass(10);
    await violation(HOSTS[3] ?? "", OLD);
    await pass(10);
    assert.equal((await look(id))[0], "running", "violations of another model are not of this one");
    await violation(HOSTS[3] ?? "", NEW);
    await pass(10);
    assert.deepEqual(await look(id), ["rolling-back", "failed 20/20"]);
    const back = (await asked()).map(({ host, digest }) => [host, digest]);
    assert.deepEqual(
      back,
      HOSTS.map((host, i) => [host, i < 10 ? OLD : null]),
    );
    await answer("done");
    await pass(10);
    assert.equal((await look(id))[0], "rolled-back");
    assert.match((await server().get(id)).reason ?? "", /^1 new violation/);
  });

  it("stops when a host fails or does not answer, and reaches no further host", async () => {
    const failed = await server().begin(plan, by);
    await answer("failed");
    await pass(10);
    assert.equal((await look(failed))[0], "rolling-back");
    await answer("done");
    await pass(10);
    assert.deepEqual(await look(failed), [
      "rolled-back",
      "failed 0/1",
      "waiting 0/9",
      "waiting 0/10",
    ]);
    const silent = await server().begin(plan, by);
    await pass(plan.answerMs - 1);
    assert.equal((await look(silent))[0], "running");
    await pass(1);
    assert.equal((await look(silent))[0], "rolling-back");
    await pass(plan.answerMs);
    assert.deepEqual((await look(silent))[0], "stopped");
    assert.match(
      (await server().get(silent)).reason ?? "",
      /did not answer.*could not be rolled back/,
    );
  });

  it("does not wait for hosts that are away, which get it when they are back", async () => {
    const [first = "", ...others] = HOSTS.slice(0, 4);
    seen.set(first, clock - ABSENT_MS - 1);
    const id = await server().begin({ ...plan, shares: [100], hosts: [first, ...others] }, by);
    for (const host of others) await answer("done", host);
    await pass(10);
    assert.deepEqual(await look(id), ["running", "watching 3/4"]);
    assert.deepEqual(
      (await asked()).map(({ host }) => host),
      [first],
    );
    await pass(plan.watchMs);
    assert.equal((await look(id))[0], "done");
    await server().order(id, "rollback", by);
    await answer("done");
    await pass(10);
    assert.equal((await look(id))[0], "rolled-back");
  });

  it("is paused, goes on and goes back as it is told, by one of two at the same time", async () => {
    const id = await server().begin(plan, by);
    await server().order(id, "pause", by);
    await answer("done");
    await pass(plan.watchMs * 10);
    assert.deepEqual(await look(id), ["paused", "running 1/1", "waiting 0/9", "waiting 0/10"]);
    await assert.rejects(server().order(id, "pause", by), { code: "CONFLICT" });
    await server().order(id, "resume", by);
    await pass(10);
    const both = [server().order(id, "rollback", by), server().order(id, "rollback", by)];
    const ends = (await Promise.allSettled(both)).map(({ status }) => status).sort();
    assert.deepEqual(ends, ["fulfilled", "rejected"]);
    assert.equal((await asked()).length, 1);
    await answer("done");
    await pass(10);
    assert.equal((await look(id))[0], "rolled-back");
  });

  it("of a mode switches the workloads of a name, and back", async () => {
    const { model: _, ...rest } = plan;
    const id = await server().begin({ ...rest, mode: "enforce", shares: [100] }, by);
    await answer("failed");
    await pass(10);
    await answer("done");
    const rows = await store.db
      .withTables<CommandTables>()
      .selectFrom("commands")
      .select(["kind", "target"])
      .orderBy("issued")
      .execute();
    assert.deepEqual(
      rows.map(({ kind }) => kind),
      ["enforce", "detect"],
    );
    assert.match(rows[0]?.target ?? "", /"names":\["shop"\]/);
    await pass(10);
    assert.equal((await look(id))[0], "rolled-back");
  });

  it("of a mode leaves what was in it before as it was when it goes back", async () => {
    const { model: _, ...rest } = plan;
    const [was = "", mixed = "", other = ""] = HOSTS;
    await workload(was, "w1", "enforce");
    await workload(mixed, "m1", "enforce");
    await workload(mixed, "m2", "detect");
    await workload(other, "o1", "detect");
    const hosts = [was, mixed, other];
    const id = await server().begin({ ...rest, mode: "enforce", shares: [100], hosts }, by);
    await answer("done");
    await server().order(id, "rollback", by);
    const rows = await store.db
      .withTables<CommandTables>()
      .selectFrom("commands")
      .select("target")
      .where("kind", "=", "detect")
      .execute();
    const targets = rows.map(({ target }) => JSON.parse(target)).map((one) => JSON.stringify(one));
    assert.deepEqual(
      targets.sort(),
      [
        { hosts: [mixed], select: { workloads: ["m2"], names: ["shop"] } },
        { hosts: [other], select: { names: ["shop"] } },
      ].map((one) => JSON.stringify(one)),
    );
    await answer("done");
    await pass(10);
    assert.equal((await look(id))[0], "rolled-back");
  });

  it("gives back what a host has carried out, not what it could not", async () => {
    const [host = ""] = HOSTS;
    const first = await server().begin({ ...plan, model: OLD, hosts: [host] }, by);
    await answer("done");
    await pass(10);
    await pass(plan.watchMs);
    assert.equal((await look(first))[0], "done");
    const args = { name: "shop", digest: "dd".repeat(32) };
    const to = { hosts: [host], everybody: false };
    await orders().issue({ kind: "model", args, select: { all: true }, to, by, seconds: 60 });
    await answer("failed");
    clock += 10;
    const id = await server().begin({ ...plan, hosts: [host] }, by);
    await answer("done");
    await server().order(id, "rollback", by);
    assert.deepEqual(
      (await asked()).map(({ digest }) => digest),
      [OLD],
    );
    await answer("done");
    await pass(10);
    assert.equal((await look(id))[0], "rolled-back");
  });

  it("waits for no host that was thrown out, and going back for one that came back", async () => {
    const [out = "", away = "", here = ""] = HOSTS;
    seen.set(away, clock - ABSENT_MS - 1);
    const hosts = [out, away, here];
    const id = await server().begin({ ...plan, shares: [100], hosts }, by);
    await store.db.updateTable("hosts").set({ revoked_at: 1 }).where("id", "=", out).execute();
    await answer("done", here);
    await pass(plan.answerMs + 1);
    assert.deepEqual(await look(id), ["running", "watching 1/3"]);
    await answer("done", away);
    await server().order(id, "rollback", by);
    await answer("done", here);
    await pass(10);
    assert.equal((await look(id))[0], "rolling-back", "it has the model, and has not answered");
    await answer("done", away);
    await pass(10);
    assert.equal((await look(id))[0], "rolled-back");
  });

  it("does not go back over a later one", async () => {
    const ids: string[] = [];
    for (const model of [OLD, NEW]) {
      ids.push(await server().begin({ ...plan, model, shares: [100] }, by));
      await answer("done");
      await pass(10);
      await pass(plan.watchMs);
    }
    const [first = "", second = ""] = ids;
    await assert.rejects(server().order(first, "rollback", by), {
      code: "CONFLICT",
      message: /later/,
    });
    await server().order(second, "rollback", by);
    await answer("done");
    await pass(10);
    await server().order(first, "rollback", by);
    await answer("done");
    await pass(10);
    assert.equal((await look(first))[0], "rolled-back");
  });

  it("without a host is none", async () => {
    await assert.rejects(server().begin({ ...plan, hosts: [] }, by), { code: "NO_HOSTS" });
  });
});
