// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { openTestStore } from "../../../test/helpers/test-store.ts";
import { Audit } from "../audit/audit.ts";
import { AccessError } from "./access-error.ts";
import type { FleetStore } from "../store/index.ts";
import { MAX_TRIES_OF_BOTH, SESSION_IDLE_MS, SESSION_MS, TRIES_MS } from "./limits.ts";
import { ApiTokens, Sessions } from "./sessions.ts";
import { Tries } from "./tries.ts";
import { Users } from "./users.ts";

const PASSWORD = "a long enough secret";
let folder: string;
let store: FleetStore;
let clock = 1_790_000_000_000;
const now = (): number => clock;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "galgo-access-"));
  store = await openTestStore(folder);
  const users = new Users(store, now);
  await users.add({ user: "ada", name: "Ada", role: "admin", password: PASSWORD });
  await users.add({ user: "olga", role: "operator", password: PASSWORD });
});
after(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("users", () => {
  it("have names that nobody takes for others, each once", async () => {
    const users = new Users(store, now);
    const order = { role: "viewer", password: PASSWORD } as const;
    for (const user of ["", "Ada", "ada ", "a/b", "../x", "\u0430da", "x".repeat(70), "-a"]) {
      await assert.rejects(users.add({ user, ...order }), { code: "BAD_REQUEST" }, user);
    }
    await assert.rejects(users.add({ user: "ada", ...order }), { code: "CONFLICT" });
  });

  it("are kept without their passwords", async () => {
    const row = await new Users(store, now).find("ada");
    assert.match(row?.kept ?? "", /^scrypt\$/);
    assert.equal(JSON.stringify(row).includes(PASSWORD), false);
  });

  it("leave one admin at least", async () => {
    const users = new Users(store, now);
    await assert.rejects(users.change("ada", { role: "viewer" }), { code: "CONFLICT" });
    await assert.rejects(users.change("ada", { disabled: true }), { code: "CONFLICT" });
    await users.change("ada", { name: "Ada L." });
    const ada = await users.find("ada");
    assert.deepEqual([ada?.role, ada?.disabled, ada?.shown], ["admin", 0, "Ada L."]);
    await assert.rejects(users.change("nobody", { role: "viewer" }), { code: "NOT_FOUND" });
  });

  it("that are the last two admins do not take the role from each other at the same time", async () => {
    const users = new Users(store, now);
    await users.add({ user: "bob", role: "admin", password: PASSWORD });
    const both = ["ada", "bob"].map((user) =>
      new Users(store, now).change(user, { role: "viewer" }),
    );
    const ends = (await Promise.allSettled(both)).map(({ status }) => status).sort();
    assert.deepEqual(ends, ["fulfilled", "rejected"]);
    await users.change("ada", { role: "admin" });
    await users.change("bob", { role: "viewer" });
  });

  it("of another service are who it says, and take nobody's name", async () => {
    const users = new Users(store, now);
    const eve = { issuer: "https://id.example", subject: "17", name: "eve", shown: "Eve" } as const;
    assert.equal((await users.vouched({ ...eve, role: "viewer" })).role, "viewer");
    assert.equal((await users.vouched({ ...eve, role: "operator" })).role, "operator");
    const other = { ...eve, subject: "18", role: "admin" } as const;
    await assert.rejects(users.vouched(other), { code: "CONFLICT" });
    await assert.rejects(users.vouched({ ...other, name: "ada" }), { code: "CONFLICT" });
    await assert.rejects(users.change("eve", { password: PASSWORD }), { code: "CONFLICT" });
    await users.change("eve", { disabled: true });
    await assert.rejects(users.vouched({ ...eve, role: "viewer" }), { code: "NOT_ALLOWED" });
  });
});

describe("a session", () => {
  it("is known by each server, with the role of now, until it ends", async () => {
    const secret = await new Sessions(store, now).begin("olga", "192.0.2.1");
    const another = new Sessions(store, now);
    const found = await another.find(secret);
    assert.deepEqual([found?.name, found?.role, found?.kind], ["olga", "operator", "user"]);
    assert.notEqual(found?.csrf, "");
    assert.equal(await another.find(`${secret}x`), undefined);
    await another.end(found?.session ?? "");
    assert.equal(await new Sessions(store, now).find(secret), undefined);
  });

  it("ends when its time is over, when it is not used, and with its user's role or password", async () => {
    const sessions = new Sessions(store, now);
    const users = new Users(store, now);
    const began = clock;
    const idle = await sessions.begin("olga", "");
    clock = began + SESSION_IDLE_MS;
    assert.equal(await sessions.find(idle), undefined);
    clock = began;
    const used = await sessions.begin("olga", "");
    while (clock + SESSION_IDLE_MS / 2 < began + SESSION_MS) {
      clock += SESSION_IDLE_MS / 2;
      assert.equal((await sessions.find(used))?.name, "olga");
    }
    clock = began + SESSION_MS;
    assert.equal(await sessions.find(used), undefined);
    for (const change of [
      { role: "viewer" },
      { password: `${PASSWORD}!` },
      { disabled: true },
    ] as const) {
      const secret = await sessions.begin("olga", "");
      assert.ok(await sessions.find(secret));
      await users.change("olga", change);
      assert.equal(await sessions.find(secret), undefined, JSON.stringify(change));
    }
    await users.change("olga", { disabled: false, role: "operator" });
  });
});

describe("an API token", () => {
  it("is its user, with its own role at most, for its days", async () => {
    const tokens = new ApiTokens(store, now);
    const users = new Users(store, now);
    const olga = { name: "olga", role: "operator" } as const;
    const order = { name: "ci", role: "viewer", days: 1 } as const;
    await assert.rejects(tokens.make(olga, { ...order, role: "admin" }), { code: "NOT_ALLOWED" });
    const low = await tokens.make(olga, order);
    const high = await tokens.make(olga, { ...order, role: "operator" });
    const role = async (token: string) => (await new ApiTokens(store, now).find(token))?.role;
    assert.deepEqual([await role(low.token), await role(high.token)], ["viewer", "operator"]);
    await users.change("olga", { role: "viewer" });
    assert.equal(await role(high.token), "viewer");
    const rows = await tokens.list("olga");
    assert.equal(JSON.stringify(rows).includes(low.token), false);
    await assert.rejects(tokens.revoke(low.id, "ada"), { code: "NOT_FOUND" });
    await tokens.revoke(low.id, "olga");
    assert.equal(await role(low.token), undefined);
    clock += 86_400_000;
    assert.equal(await role(high.token), undefined);
    await users.change("olga", { role: "operator" });
  });

  it("is void when its user is disabled, and stays void", async () => {
    const tokens = new ApiTokens(store, now);
    const users = new Users(store, now);
    const order = { name: "ci", role: "viewer", days: 1 } as const;
    const { token } = await tokens.make({ name: "olga", role: "operator" }, order);
    await users.change("olga", { disabled: true });
    await users.change("olga", { disabled: false });
    assert.equal(await tokens.find(token), undefined);
  });
});

describe("logins that are tried", () => {
  it("are counted over all servers, for a user from an address", async () => {
    for (let i = 0; i < MAX_TRIES_OF_BOTH; i++) {
      await new Tries(store, now).take("olga", "192.0.2.7");
    }
    const refused = new Tries(store, now).take("olga", "192.0.2.7");
    await assert.rejects(refused, { code: "TOO_MANY", facts: { first: true } });
    const again = new Tries(store, now).take("olga", "192.0.2.7");
    await assert.rejects(again, { code: "TOO_MANY", facts: { first: false } });
    await new Tries(store, now).take("olga", "192.0.2.8");
    clock += TRIES_MS;
    await new Tries(store, now).take("olga", "192.0.2.7");
  });

  it("that come at the same time are all counted", async () => {
    const tries = new Tries(store, now);
    const all = Array.from({ length: MAX_TRIES_OF_BOTH + 4 }, async () =>
      tries.take("ada", "192.0.2.9"),
    );
    const refused = (await Promise.allSettled(all)).filter(({ status }) => status === "rejected");
    assert.equal(refused.length, 4);
    await tries.forget("ada", "192.0.2.9");
    await tries.take("ada", "192.0.2.9");
    const rows = await store.db
      .withTables<{ login_tries: { bucket: string } }>()
      .selectFrom("login_tries")
      .select("bucket")
      .execute();
    assert.equal(
      rows.some(({ bucket }) => bucket.includes("ada")),
      false,
    );
  });
});

describe("the audit log", () => {
  it("has a line before something is done, and its result afterwards", async () => {
    const audit = new Audit(store, now);
    const who = { kind: "user", name: "ada", role: "admin" } as const;
    const deed = { who, action: "user.add", target: "b_b", address: "192.0.2.1" };
    const page = { offset: 0, limit: 10 };
    const results = async (): Promise<unknown> =>
      (await audit.list({ q: "", ...page })).rows.map(({ result, words }) => [result, words]);
    await audit.during(deed, async (more) => {
      assert.deepEqual(await results(), [["begun", ""]]);
      more.words = "it is there";
    });
    clock += 1;
    const refusal = async (): Promise<void> => {
      throw new AccessError("CONFLICT", "no");
    };
    await assert.rejects(audit.during(deed, refusal), { code: "CONFLICT" });
    clock += 1;
    const failure = async (): Promise<void> => {
      throw new Error("the insides");
    };
    await assert.rejects(audit.during(deed, failure), /insides/);
    clock += 1;
    await audit.note({ ...deed, target: "bob\0", result: "refused", words: "x".repeat(2_000) });
    const { rows, total } = await audit.list({ q: "", ...page });
    assert.equal(total, 4);
    assert.equal(rows[0]?.words.length, 1_000);
    assert.deepEqual(((await results()) as unknown[]).slice(1), [
      ["failed", "the server failed at this; its log says where"],
      ["refused", "no"],
      ["done", "it is there"],
    ]);
    assert.equal((await audit.list({ q: "B_B", ...page })).total, 3);
    assert.equal((await audit.list({ q: "%", ...page })).total, 0);
  });
});
