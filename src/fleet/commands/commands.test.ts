// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { aSigner, nodeVerifier } from "../../../test/helpers/signing.ts";
import { openTestStore } from "../../../test/helpers/test-store.ts";
import { type CommandBody, openCommand, type ResultItem } from "../../wire/link/index.ts";
import type { FleetStore } from "../store/index.ts";
import { Commands, type Issue } from "./commands.ts";
import { DIRECT_HOSTS, HOSTS_OF_ENVELOPE, UNSENT_MS } from "./limits.ts";
import { addressees, readOrder } from "./orders.ts";
import { applyResults, missedCommands } from "./results.ts";
import { commandResults, commandRow } from "./rows.ts";
import type { CommandDb, CommandTables } from "./tables.ts";

const signer = aSigner("Ed25519");
const by = { name: "olga", role: "operator" } as const;
let folder: string;
let store: FleetStore;
let clock = 1_790_000_000_000;
let sent: (readonly [string, string])[] = [];
let isDown = false;

/** One of several servers on the same database. */
function server(): Commands {
  const send = (to: string, text: string): void => {
    if (isDown) throw new Error("the bus is gone");
    sent.push([to, text]);
  };
  return new Commands({
    store,
    signer,
    now: () => clock,
    down: send,
    all: (text) => send("all", text),
  });
}

const db = (): CommandDb => store.db.withTables<CommandTables>();
/** Digits as letters. */
const hostId = (n: number): string =>
  `h${n.toString().padStart(19, "0")}`.replace(/\d/g, (digit) =>
    "abcdefghij".charAt(Number(digit)),
  );
const open = (text: string, host: string): CommandBody =>
  openCommand(text, { keys: [signer.key], verifier: nodeVerifier, host, now: clock });
const ask = (host: string, since = 0) =>
  missedCommands(db(), () => clock)(
    host,
    new TextEncoder().encode(JSON.stringify({ v: 1, since })),
  );

function kill(hosts: readonly string[], everybody = false): Issue {
  const to = { hosts, everybody };
  return { kind: "kill", args: {}, select: { all: true }, seconds: 60, to, by };
}

async function answer(host: string, command: string, status: ResultItem["status"]): Promise<void> {
  const item: ResultItem = { kind: "result", at: clock, command, status, words: `it is ${status}` };
  await store.transaction((tx) =>
    applyResults(tx.withTables<CommandTables>(), [{ host, item }], clock),
  );
}

/** What several hosts say, stored at once. */
async function answers(results: readonly (readonly [string, string, string])[]): Promise<void> {
  const all = results.map(([host, command, status]) => {
    const item = { kind: "result", at: clock, command, status, words: `it is ${status}` } as const;
    return { host, item: item as ResultItem };
  });
  await store.transaction((tx) => applyResults(tx.withTables<CommandTables>(), all, clock));
}

async function addHosts(ids: readonly string[], grp: string | null): Promise<void> {
  const row = { labels: "{}", enrolled_at: clock, rev: 0, workloads: 0, grp };
  const rest = {
    version: null,
    token: null,
    revoked_at: null,
    last_seen: null,
    states: null,
    spool: null,
  };
  for (const id of ids) {
    await store.db
      .insertInto("hosts")
      .values({ id, name: `name-${id}`, key: `U${id}`, ...row, ...rest })
      .execute();
  }
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "galgo-commands-"));
  store = await openTestStore(folder);
  await addHosts([hostId(1), hostId(2)], "web");
  await addHosts([hostId(3)], null);
});
after(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  sent = [];
  isDown = false;
  clock += 1_000_000;
  // what earlier tests have left
  await server().expire();
});

describe("a command", () => {
  it("goes to the hosts that it names, signed, and no others can open it", async () => {
    const id = await server().issue(kill([hostId(1), hostId(2)]));
    assert.deepEqual(sent.map(([to]) => to).sort(), [hostId(1), hostId(2)].sort());
    const [, text = ""] = sent[0] ?? [];
    const body = open(text, hostId(1));
    assert.deepEqual(
      [body.id, body.kind, body.by, body.expires - body.issued],
      [id, "kill", "olga", 60_000],
    );
    assert.throws(() => open(text, hostId(3)), { code: "WRONG_HOST" });
  });

  it("for many has several envelopes with one id, each sent once to all", async () => {
    const hosts = Array.from({ length: HOSTS_OF_ENVELOPE + DIRECT_HOSTS + 1 }, (_, i) => hostId(i));
    const id = await server().issue(kill(hosts));
    assert.deepEqual(
      sent.map(([to]) => to),
      ["all", "all"],
    );
    const ids = sent.map(([, text], part) => open(text, hosts[part * HOSTS_OF_ENVELOPE] ?? "").id);
    assert.deepEqual(ids, [id, id]);
    assert.equal((await commandRow(db(), id)).hosts.total, hosts.length);
  });

  it("that its server could not send is sent by another, once, as long as it holds", async () => {
    isDown = true;
    await server().issue(kill([hostId(1)]));
    isDown = false;
    await server().sendUnsent();
    assert.equal(sent.length, 0, "its own server may still be at it");
    clock += UNSENT_MS;
    await server().sendUnsent();
    await server().sendUnsent();
    assert.equal(sent.length, 1);
    isDown = true;
    await server().issue(kill([hostId(1)]));
    isDown = false;
    clock += 60_000;
    await server().sendUnsent();
    assert.equal(sent.length, 1);
  });

  it("is there for hosts that were away, until they answer or it expires", async () => {
    const first = await server().issue(kill([hostId(1)]));
    clock += 10;
    const second = await server().issue(kill([hostId(1), hostId(2)]));
    const ids = async (host: string, since?: number): Promise<readonly string[]> =>
      (await ask(host, since)).commands.map((text) => open(text, host).id);
    assert.deepEqual(await ids(hostId(1)), [first, second]);
    assert.deepEqual(await ids(hostId(1), clock), [second]);
    assert.deepEqual(await ids(hostId(3)), []);
    await answer(hostId(1), first, "progress");
    await answer(hostId(1), second, "done");
    assert.deepEqual(await ids(hostId(1)), [first]);
    clock += 60_000;
    assert.deepEqual(await ids(hostId(2)), []);
    assert.deepEqual([...(await server().expire())].sort(), [first, second].sort());
    assert.deepEqual((await commandRow(db(), second)).hosts, {
      total: 2,
      done: 1,
      failed: 0,
      refused: 0,
      waiting: 0,
      expired: 1,
    });
  });

  it("keeps the last word of a host, and takes answers of nobody else", async () => {
    const id = await server().issue(kill([hostId(1)]));
    await answer(hostId(2), id, "failed");
    await answer(hostId(1), "a".repeat(26), "failed");
    await answer(hostId(1), id, "done");
    await answer(hostId(1), id, "failed");
    const { rows, total } = await commandResults(db(), id, { q: "", offset: 0, limit: 10 });
    assert.equal(total, 1);
    assert.deepEqual(
      [rows[0]?.host, rows[0]?.hostName, rows[0]?.status, rows[0]?.words],
      [hostId(1), `name-${hostId(1)}`, "done", "it is done"],
    );
    const everybody = await server().issue(kill([hostId(1)], true));
    await answer(hostId(2), everybody, "done");
    assert.equal((await commandRow(db(), everybody)).hosts.total, 2);
  });

  it("is answered by many at once, each by what it says last", async () => {
    const id = await server().issue(kill([hostId(1), hostId(2)], true));
    await answers([
      [hostId(1), id, "progress"],
      [hostId(2), id, "progress"],
      [hostId(3), id, "progress"],
      [hostId(1), id, "done"],
      [hostId(1), id, "failed"],
      [hostId(3), "a".repeat(26), "done"],
    ]);
    const { rows } = await commandResults(db(), id, { q: "", offset: 0, limit: 10 });
    assert.deepEqual(rows.map(({ host, status, words }) => [host, status, words]).sort(), [
      [hostId(1), "done", "it is done"],
      [hostId(2), "progress", "it is progress"],
      [hostId(3), "progress", "it is progress"],
    ]);
    await answers([
      [hostId(2), id, "refused"],
      [hostId(3), id, "failed"],
    ]);
    const { hosts } = await commandRow(db(), id);
    assert.deepEqual([hosts.total, hosts.done, hosts.refused, hosts.failed], [3, 1, 1, 1]);
  });

  it("about a model is kept for each host and name", async () => {
    const digest = "ab".repeat(32);
    const order = { kind: "model", select: { all: true }, seconds: 60, by } as const;
    const to = { hosts: [hostId(1)], everybody: false };
    await server().issue({ ...order, to, args: { name: "shop", digest } });
    await server().issue({ ...order, to, args: { name: "shop", digest: null } });
    const rows = await db().selectFrom("host_models").select(["host", "name", "digest"]).execute();
    assert.deepEqual(rows, [{ host: hostId(1), name: "shop", digest: null }]);
  });
});

describe("an order", () => {
  const order = (target: unknown, rest: object = {}) =>
    readOrder({ kind: "kill", target, ...rest });

  it("is for hosts by id or name, for a group, or for all", async () => {
    const to = (target: unknown) => addressees(db(), order(target));
    const all = { select: { all: true }, hosts: "all" };
    assert.deepEqual(await to(all), { hosts: [hostId(1), hostId(2), hostId(3)], everybody: true });
    const group = { select: { group: "web" }, hosts: "all" };
    assert.deepEqual(await to(group), { hosts: [hostId(1), hostId(2)], everybody: false });
    const named = { ...all, hosts: [`name-${hostId(1)}`, hostId(3), hostId(1)] };
    assert.deepEqual(await to(named), { hosts: [hostId(1), hostId(3)], everybody: false });
    await assert.rejects(to({ ...all, hosts: [hostId(9)] }), { code: "NOT_FOUND" });
    await assert.rejects(to({ ...all, hosts: ["'; drop table hosts"] }), { code: "NOT_FOUND" });
    await assert.rejects(to({ hosts: "all", select: { group: "x" } }), { code: "NOT_FOUND" });
  });

  it("to attest has a challenge of its own", () => {
    const target = { hosts: "all", select: { all: true } };
    const nonces = [0, 1].map(() => order(target, { kind: "attest" }).args["nonce"]);
    assert.match(String(nonces[0]), /^[0-9a-f]{64}$/);
    assert.notEqual(nonces[0], nonces[1]);
  });

  for (const [what, body] of [
    ["of an unknown kind", { kind: "format", target: { hosts: "all", select: { all: true } } }],
    ["with an empty selector", { kind: "kill", target: { hosts: "all", select: {} } }],
    ["for no host", { kind: "kill", target: { hosts: [], select: { all: true } } }],
    ["to change the key", { kind: "key", target: { hosts: "all", select: { all: true } } }],
    [
      "of a model for a workload",
      { kind: "model", target: { hosts: "all", select: { names: ["a"] } } },
    ],
    ["for ever", { kind: "kill", seconds: 1e9, target: { hosts: "all", select: { all: true } } }],
    [
      "with a member too many",
      { kind: "kill", by: "me", target: { hosts: "all", select: { all: true } } },
    ],
  ] as const) {
    it(`${what} is refused`, () => {
      assert.throws(() => readOrder(body), { name: /Error$/, code: /^BAD_/ });
    });
  }
});
