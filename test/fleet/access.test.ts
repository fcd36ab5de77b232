// SPDX-License-Identifier: Apache-2.0
// Who is let in and who may do what, over HTTPS.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ROLES, type ApiTokenMade, type AuditRow, type Me } from "../../src/wire/api/index.ts";
import { CSRF_HEADER } from "../../src/wire/api/index.ts";
import { type ApiAnswer, FleetServer } from "../helpers/fleet-server.ts";
import { OidcService } from "../helpers/oidc-service.ts";
import { noNatsServer } from "../helpers/nats-cluster.ts";

const PASSWORD = "a long enough secret";
let fleet: FleetServer;
let service: OidcService;

/** Somebody with a browser. */
interface Browser {
  readonly cookie: string;
  readonly me: Me;
}

async function login(user: string, password = PASSWORD): Promise<ApiAnswer> {
  return fleet.api("/api/v1/login", { body: { user, password }, token: "" });
}

async function browser(user: string): Promise<Browser> {
  const answer = await login(user);
  assert.equal(answer.status, 200, answer.text);
  return { cookie: cookieOf(answer), me: answer.body as Me };
}

function cookieOf({ headers }: ApiAnswer): string {
  const [set = ""] = headers["set-cookie"] ?? [];
  return set.split(";")[0] ?? "";
}

async function as(
  { cookie, me }: Browser,
  path: string,
  { body, csrf = me.csrf }: { readonly body?: unknown; readonly csrf?: string } = {},
): Promise<ApiAnswer> {
  const headers = { cookie, ...(csrf !== "" && { [CSRF_HEADER]: csrf }) };
  return fleet.api(path, { ...(body !== undefined && { body }), headers, token: "" });
}

function refused({ status, body }: ApiAnswer, wanted: number, code: string): void {
  assert.deepEqual([status, (body as { code?: string }).code], [wanted, code]);
}

async function audited(q: string): Promise<readonly AuditRow[]> {
  const { body } = await fleet.api(`/api/v1/audit?q=${encodeURIComponent(q)}`);
  return (body as { rows: readonly AuditRow[] }).rows;
}

describe("the API of a fleet", { skip: noNatsServer() }, () => {
  before(async () => {
    service = await OidcService.start();
    const { issuer } = service;
    const oidc = { name: "id", issuer, clientId: "fleet", url: "https://fleet.example" } as const;
    const terms = { scope: "openid", claim: "groups", roles: { ops: "operator" } } as const;
    fleet = await FleetServer.start({ oidc: { ...oidc, ...terms } });
    for (const role of ROLES) {
      const body = { user: `u-${role}`, role, password: PASSWORD };
      assert.equal((await fleet.api("/api/v1/users", { body })).status, 201);
    }
  });
  after(async () => {
    await fleet?.close();
    await service?.close();
  });

  it("gives a session in a cookie that pages can neither read nor send from elsewhere", async () => {
    const answer = await login("u-viewer");
    const [cookie = ""] = answer.headers["set-cookie"] ?? [];
    assert.match(cookie, /^__Host-galgo=[\w-]{43};/);
    for (const flag of ["Path=/", "Secure", "HttpOnly", "SameSite=Strict"]) {
      assert.ok(cookie.split("; ").includes(flag), `${flag}: ${cookie}`);
    }
    const me = await as({ cookie: cookieOf(answer), me: answer.body as Me }, "/api/v1/me");
    assert.deepEqual(me.body, answer.body);
  });

  it("lets nobody in with a wrong name or password, and says not which is wrong", async () => {
    const wrong = await login("u-viewer", "another password");
    const nobody = await login("u-nobody");
    refused(wrong, 401, "BAD_LOGIN");
    assert.equal(wrong.text, nobody.text);
    refused(
      await fleet.api("/api/v1/login", { body: { user: "u-viewer" }, token: "" }),
      400,
      "BAD_MESSAGE",
    );
    const rows = await audited("login");
    assert.equal(rows.filter(({ result }) => result === "refused").length, 2);
    assert.equal(JSON.stringify(rows).includes("u-nobody"), false);
  });

  it("changes nothing for a session without its second token", async () => {
    const admin = await browser("u-admin");
    const body = { user: "u-made", role: "viewer", password: PASSWORD };
    refused(await as(admin, "/api/v1/users", { body, csrf: "" }), 403, "BAD_CSRF");
    refused(await as(admin, "/api/v1/users", { body, csrf: "x" }), 403, "BAD_CSRF");
    const { me } = await browser("u-admin");
    refused(await as(admin, "/api/v1/users", { body, csrf: me.csrf }), 403, "BAD_CSRF");
    assert.equal((await as(admin, "/api/v1/users", { body })).status, 201);
    const [row] = await audited("user.add");
    assert.deepEqual(
      [row?.who, row?.via, row?.result, row?.target],
      ["u-admin", "session", "done", "u-made"],
    );
  });

  for (const [role, may] of [
    ["viewer", { users: 403, audit: 403, me: 200 }],
    ["operator", { users: 403, audit: 200, me: 200 }],
    ["admin", { users: 200, audit: 200, me: 200 }],
  ] as const) {
    it(`a ${role} sees what a ${role} may see`, async () => {
      const who = await browser(`u-${role}`);
      for (const [path, status] of Object.entries(may)) {
        assert.equal((await as(who, `/api/v1/${path}`)).status, status, path);
      }
      const made = await as(who, "/api/v1/users", {
        body: { user: "x", role, password: PASSWORD },
      });
      assert.equal(made.status, role === "admin" ? 201 : 403);
    });
  }

  it("knows nobody without a cookie or a token, or with one of another kind", async () => {
    for (const path of ["me", "users", "audit", "api-tokens"]) {
      refused(await fleet.api(`/api/v1/${path}`, { token: "" }), 401, "NOT_SIGNED_IN");
    }
    refused(
      await fleet.api("/api/v1/me", { token: `galgo_${"x".repeat(43)}` }),
      401,
      "NOT_SIGNED_IN",
    );
    const { cookie } = await browser("u-admin");
    const secret = cookie.split("=")[1] ?? "";
    refused(await fleet.api("/api/v1/me", { token: secret }), 401, "NOT_SIGNED_IN");
    const wrong = await fleet.api("/api/v1/me", {
      token: "",
      headers: { cookie: "__Host-galgo=x" },
    });
    refused(wrong, 401, "NOT_SIGNED_IN");
  });

  it("ends a session when it is told to", async () => {
    const who = await browser("u-operator");
    assert.equal((await as(who, "/api/v1/logout", { body: {} })).status, 200);
    refused(await as(who, "/api/v1/me"), 401, "NOT_SIGNED_IN");
  });

  it("takes API tokens, which need no second token, within their role, until they are revoked", async () => {
    const who = await browser("u-operator");
    const order = { name: "ci", role: "operator", days: 7 };
    refused(
      await as(who, "/api/v1/api-tokens", { body: { ...order, role: "admin" } }),
      403,
      "NOT_ALLOWED",
    );
    const { body } = await as(who, "/api/v1/api-tokens", { body: order });
    const { token, id } = body as ApiTokenMade;
    const me = await fleet.api("/api/v1/me", { token });
    assert.equal((me.body as Me).role, "operator");
    refused(await fleet.api("/api/v1/users", { token }), 403, "NOT_ALLOWED");
    assert.equal(JSON.stringify(await audited("api-token")).includes(token), false);
    const gone = await fleet.api(`/api/v1/api-tokens/${id}`, { method: "DELETE", token });
    assert.equal(gone.status, 200, fleet.told.join("\n"));
    refused(await fleet.api("/api/v1/me", { token }), 401, "NOT_SIGNED_IN");
  });

  it("lets no API token make another one that lives on, or end those of its user, unless it is an admin's", async () => {
    const who = await browser("u-operator");
    const order = { name: "ci", role: "viewer", days: 1 };
    const made = async (role: string): Promise<ApiTokenMade> => {
      const { body } = await as(who, "/api/v1/api-tokens", { body: { ...order, role } });
      return body as ApiTokenMade;
    };
    const [low, high] = [await made("viewer"), await made("operator")];
    for (const { token } of [low, high]) {
      const longer = { ...order, days: 400 };
      refused(await fleet.api("/api/v1/api-tokens", { token, body: longer }), 403, "NOT_ALLOWED");
    }
    const path = `/api/v1/api-tokens/${high.id}`;
    const { token } = low;
    refused(await fleet.api(path, { method: "DELETE", token }), 403, "NOT_ALLOWED");
    assert.equal((await fleet.api("/api/v1/me", { token: high.token })).status, 200);
    const own = await fleet.api(`/api/v1/api-tokens/${low.id}`, { method: "DELETE", token });
    assert.equal(own.status, 200);
  });

  it("ends all sessions of who changes his password or is given another role", async () => {
    const [one, two] = [await browser("u-made"), await browser("u-made")];
    const body = { old: PASSWORD, password: `${PASSWORD}!` };
    refused(
      await as(one, "/api/v1/me/password", { body: { ...body, old: "wrong" } }),
      401,
      "BAD_LOGIN",
    );
    assert.equal((await as(one, "/api/v1/me/password", { body })).status, 200);
    refused(await as(two, "/api/v1/me"), 401, "NOT_SIGNED_IN");
    const answer = await login("u-made", body.password);
    const again: Browser = { cookie: cookieOf(answer), me: answer.body as Me };
    const change = await fleet.api("/api/v1/users/u-made", { body: { disabled: true } });
    assert.equal(change.status, 200);
    refused(await as(again, "/api/v1/me"), 401, "NOT_SIGNED_IN");
    refused(await login("u-made", body.password), 401, "BAD_LOGIN");
  });

  it("lets the first user in with the token of the machine, until there is a password", async () => {
    const first = await login("admin", fleet.adminToken);
    assert.equal((first.body as Me).role, "admin");
    refused(await login("u-admin", fleet.adminToken), 401, "BAD_LOGIN");
    const change = await fleet.api("/api/v1/users/admin", { body: { password: PASSWORD } });
    assert.equal(change.status, 200);
    refused(await login("admin", fleet.adminToken), 401, "BAD_LOGIN");
    assert.equal((await login("admin")).status, 200);
  });

  it("lets users of another service in, in the browser that has begun it", async () => {
    const begun = await fleet.api("/api/v1/oidc/login", { token: "" });
    assert.equal(begun.status, 302);
    service.asked = new URL(String(begun.headers["location"])).searchParams;
    assert.match(
      String(begun.headers["set-cookie"]),
      /^__Host-galgo-oidc=.*HttpOnly.*SameSite=Lax/,
    );
    const back = `/api/v1/oidc/callback?code=x&state=${service.asked.get("state")}`;
    refused(await fleet.api(back, { token: "" }), 401, "BAD_LOGIN");
    const done = await fleet.api(back, { token: "", headers: { cookie: cookieOf(begun) } });
    assert.equal(done.status, 200, done.text);
    const cookies = (done.headers["set-cookie"] ?? []) as readonly string[];
    const cookie = cookies.find((one) => one.startsWith("__Host-galgo="))?.split(";")[0] ?? "";
    const me = await fleet.api("/api/v1/me", { token: "", headers: { cookie } });
    assert.deepEqual([(me.body as Me).user, (me.body as Me).role], ["eve", "operator"]);
    refused(await login("eve"), 401, "BAD_LOGIN");
    const again = await fleet.api(back, { token: "", headers: { cookie: cookieOf(begun) } });
    refused(again, 401, "BAD_LOGIN");
    const { body } = await fleet.api("/api/v1/login-ways", { token: "" });
    assert.deepEqual(body, { oidc: { name: "id", url: "/api/v1/oidc/login" } });
  });

  it("refuses to try again and again", async () => {
    let answer = await login("u-viewer", "wrong");
    for (let i = 0; i < 20 && answer.status === 401; i++) answer = await login("u-viewer", "wrong");
    refused(answer, 429, "TOO_MANY");
    refused(await login("u-viewer"), 429, "TOO_MANY");
  });

  it("tells no secret in its log, its audit log or its answers", async () => {
    const { text } = await fleet.api("/api/v1/audit?limit=1000");
    const users = await fleet.api("/api/v1/users");
    for (const said of [text, users.text, fleet.told.join("\n")]) {
      for (const secret of [PASSWORD, fleet.adminToken, "scrypt$"]) {
        assert.equal(said.includes(secret), false);
      }
    }
  });
});
