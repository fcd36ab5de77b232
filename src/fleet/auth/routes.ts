// SPDX-License-Identifier: Apache-2.0
// Routes of logging in and out, users and API tokens, and the audit log.
import { quote } from "../../base/quote.ts";
import type { ApiTokenRow, AuditRow, LoginWays, Me, Rows, UserRow } from "../../wire/api/index.ts";
import { readValue } from "../../wire/link/index.ts";
import type { FleetContext } from "../server/context.ts";
import { addressOf, type FleetCall, jsonBody, type Principal } from "../server/http.ts";
import { pageOf } from "../server/page-of.ts";
import { AccessError } from "./access-error.ts";
import { apiTokenOrder, loginOrder, passwordOrder, userChange, userOrder } from "./bodies.ts";
import { dropSession, setSession } from "./guard.ts";
import { login, type LoginParts } from "./login.ts";
import { isPassword } from "./passwords.ts";
import { sameSecret } from "./secrets.ts";
import type { ApiTokens } from "./sessions.ts";
import type { ApiTokenRecord, UserRecord } from "./tables.ts";
import { roleOf } from "./users.ts";

export interface AccessParts extends LoginParts {
  readonly tokens: ApiTokens;
  ways(): LoginWays;
}

const NEVER = 8_640_000_000_000_000;

export function addAccessRoutes({ http }: FleetContext, parts: AccessParts): void {
  addLogin(http, parts);
  addUsers(http, parts);
  addTokens(http, parts);
  http.app.get("/api/v1/audit", http.role("operator"), async (c) => {
    const rows: Rows<AuditRow> = await parts.audit.list(pageOf(c));
    return c.json(rows);
  });
}

type Http = FleetContext["http"];

function addLogin({ app, role }: Http, parts: AccessParts): void {
  app.get("/api/v1/login-ways", (c) => c.json(parts.ways()));
  app.post("/api/v1/login", async (c) => {
    const order = readValue(await jsonBody(c), loginOrder(), "the login");
    const secret = await login(parts, order, addressOf(c));
    setSession(c, secret);
    const principal = await parts.sessions.find(secret);
    if (principal === undefined) throw new AccessError("BAD_LOGIN", "the user is disabled");
    return c.json(meOf(principal));
  });
  app.get("/api/v1/me", role("viewer"), (c) => c.json(meOf(c.get("principal"))));
  app.post("/api/v1/logout", role("viewer"), async (c) => {
    const { session } = c.get("principal");
    if (session !== undefined) {
      await during(c, parts, "logout", () => parts.sessions.end(session));
    }
    dropSession(c);
    return c.json({ loggedOut: session !== undefined });
  });
  app.post("/api/v1/me/password", role("viewer"), async (c) => {
    const { name, kind } = c.get("principal");
    const { old, password } = readValue(await jsonBody(c), passwordOrder(), "the password");
    await during(c, parts, "user.password", async () => {
      if (kind !== "user") {
        throw new AccessError("NOT_ALLOWED", "a password is changed by who is logged in with it");
      }
      await parts.tries.take(name, addressOf(c));
      const kept = (await parts.users.find(name))?.kept ?? undefined;
      const isFirst = kept === undefined && sameSecret(old, parts.adminToken);
      if (!isFirst && !(await isPassword(old, kept))) {
        throw new AccessError("BAD_LOGIN", "the old password is wrong");
      }
      await parts.users.change(name, { password });
    });
    dropSession(c);
    return c.json({ changed: name });
  });
}

function addUsers({ app, role }: Http, parts: AccessParts): void {
  const { users } = parts;
  app.get("/api/v1/users", role("admin"), async (c) => {
    const rows = (await users.list()).map(userRow);
    const body: Rows<UserRow> = { rows, total: rows.length, offset: 0 };
    return c.json(body);
  });
  app.post("/api/v1/users", role("admin"), async (c) => {
    const order = readValue(await jsonBody(c), userOrder(), "the user");
    await during(c, parts, "user.add", (more) => {
      more.target = order.user;
      more.words = `with the role ${order.role}`;
      return users.add(order);
    });
    return c.json({ added: order.user }, 201);
  });
  app.post("/api/v1/users/:user", role("admin"), async (c) => {
    const user = c.req.param("user");
    const change = readValue(await jsonBody(c), userChange(), "the change");
    await during(c, parts, "user.change", (more) => {
      more.target = user;
      more.words = Object.entries(change)
        .map(([member, value]) => (member === "password" ? member : `${member}=${value}`))
        .join(", ");
      return users.change(user, change);
    });
    return c.json({ changed: user });
  });
}

function addTokens({ app, role }: Http, parts: AccessParts): void {
  const { tokens } = parts;
  app.get("/api/v1/api-tokens", role("viewer"), async (c) => {
    const rows = (await tokens.list(ownOnly(c.get("principal")))).map(tokenRow);
    const body: Rows<ApiTokenRow> = { rows, total: rows.length, offset: 0 };
    return c.json(body);
  });
  app.post("/api/v1/api-tokens", role("viewer"), async (c) => {
    const order = readValue(await jsonBody(c), apiTokenOrder(), "the API token");
    const made = await during(c, parts, "api-token.make", async (more) => {
      more.words = `${order.name}, with the role ${order.role} for ${order.days} days`;
      const who = c.get("principal");
      if (who.kind === "local") {
        const problem =
          "the token of this machine is no user; galgo fleet user token makes one for a user";
        throw new AccessError("NOT_ALLOWED", problem);
      }
      refuseToken(who, undefined);
      const row = await tokens.make(who, order);
      more.target = row.id;
      return row;
    });
    return c.json(made, 201);
  });
  app.post("/api/v1/users/:user/api-tokens", role("admin"), async (c) => {
    const order = readValue(await jsonBody(c), apiTokenOrder(), "the API token");
    const user = c.req.param("user");
    const made = await during(c, parts, "api-token.make", async (more) => {
      more.target = user;
      more.words = `${order.name}, with the role ${order.role} for ${order.days} days`;
      const found = await parts.users.find(user);
      if (found === undefined || found.disabled === 1) {
        throw new AccessError("NOT_FOUND", `no user ${quote(user, 80)}, or not any more`);
      }
      return tokens.make({ name: user, role: roleOf(found) }, order);
    });
    return c.json(made, 201);
  });
  app.delete("/api/v1/api-tokens/:id", role("viewer"), async (c) => {
    const id = c.req.param("id");
    await during(c, parts, "api-token.revoke", async (more) => {
      more.target = id;
      refuseToken(c.get("principal"), id);
      return tokens.revoke(id, ownOnly(c.get("principal")));
    });
    return c.json({ revoked: id });
  });
}

/** Does something for who asks, written down in the audit log. */
function during<T>(
  c: FleetCall,
  { audit }: AccessParts,
  action: string,
  run: Parameters<typeof audit.during<T>>[1],
): Promise<T> {
  const who = c.get("principal");
  return audit.during({ who, action, target: who.name, address: addressOf(c) }, run);
}

/**
 * A token that somebody has found lives as long as it was made for, and ends no other one: but for an admin's, which could do all that anyway.
 * @param ended id of the token that is to be ended; undefined: one is to be made
 * @throws AccessError NOT_ALLOWED
 */
function refuseToken({ kind, role, token }: Principal, ended: string | undefined): void {
  if (kind !== "token" || role === "admin" || (ended !== undefined && ended === token)) return;
  const problem = "an API token makes no tokens, and ends no other one: log in for that";
  throw new AccessError("NOT_ALLOWED", problem);
}

/** Whose tokens somebody sees: undefined: everybody's. */
function ownOnly({ name, role }: Principal): string | undefined {
  return role === "admin" ? undefined : name;
}

function meOf({ name, shown = name, role, csrf = "", expires = NEVER }: Principal): Me {
  return { user: name, name: shown, role, csrf, expires };
}

function userRow(record: UserRecord): UserRow {
  const { name, shown, kind, created, last_login } = record;
  return {
    user: name,
    name: shown,
    role: roleOf(record),
    kind,
    disabled: record.disabled === 1,
    created,
    ...(last_login !== null && { lastLogin: last_login }),
  };
}

function tokenRow(record: ApiTokenRecord): ApiTokenRow {
  const { id, user, name, created, expires, used } = record;
  const role = roleOf(record);
  return { id, user, name, role, created, expires, ...(used !== null && { lastUsed: used }) };
}
