// SPDX-License-Identifier: Apache-2.0
// Who may do what, as a part of the server.
import { Audit } from "../audit/audit.ts";
import type { FleetPart } from "../server/context.ts";
import { AccessGuard } from "./guard.ts";
import { addAccessRoutes } from "./routes.ts";
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
    addAccessRoutes(context, {
      users,
      sessions,
      tokens,
      tries,
      audit,
      adminToken,
      ways: () => ({}),
    });
    const timer = setInterval(() => {
      tries.clean().catch((error: unknown) => tell("warning", `tried logins: ${String(error)}`));
    }, CLEAN_MS);
    timer.unref();
    return { close: async () => clearInterval(timer) };
  },
};
