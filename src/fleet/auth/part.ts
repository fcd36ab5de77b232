// SPDX-License-Identifier: Apache-2.0
// Who may do what, as a part of the server.
import type { LoginWays } from "../../wire/api/index.ts";
import { Audit } from "../audit/audit.ts";
import type { FleetPart } from "../server/context.ts";
import { AccessGuard } from "./guard.ts";
import { addAccessRoutes } from "./routes.ts";
import { Oidc } from "./oidc.ts";
import { addOidcRoutes, OIDC_LOGIN } from "./oidc-routes.ts";
import { ApiTokens, Sessions } from "./sessions.ts";
import { Tries } from "./tries.ts";
import { Users } from "./users.ts";

const CLEAN_MS = 15 * 60_000;

export const accessPart: FleetPart = {
  name: "access",
  start: async (context) => {
    const { store, services, now, keys, tell } = context;
    const sessions = new Sessions(store, now);
    const tokens = new ApiTokens(store, now);
    const tries = new Tries(store, now);
    const audit = new Audit(store, now);
    services.audit.provide(audit);
    services.guard.provide(new AccessGuard(sessions, tokens));
    const users = new Users(store, now);
    const { adminToken } = keys;
    const { oidc } = context.options;
    const parts = { users, sessions, tokens, tries, audit, adminToken };
    const ways: LoginWays =
      oidc === undefined ? {} : { oidc: { name: oidc.name, url: OIDC_LOGIN } };
    addAccessRoutes(context, { ...parts, ways: () => ways });
    if (oidc !== undefined) addOidcRoutes(context, parts, new Oidc(oidc, store, now));
    const timer = setInterval(() => {
      tries.clean().catch((error: unknown) => tell("warning", `tried logins: ${String(error)}`));
    }, CLEAN_MS);
    timer.unref();
    return { close: async () => clearInterval(timer) };
  },
};
