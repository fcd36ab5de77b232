// SPDX-License-Identifier: Apache-2.0
// The two addresses of a login at another service: where it begins, and where the browser comes back to.
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { CodedError } from "../../base/errors.ts";
import type { FleetContext } from "../server/context.ts";
import { addressOf, type FleetCall } from "../server/http.ts";
import { setSession } from "./guard.ts";
import { OIDC_LOGIN_MS } from "./limits.ts";
import type { LoginParts } from "./login.ts";
import type { Oidc } from "./oidc.ts";
import type { OidcUser } from "./users.ts";

/** Where a login begins. */
export const OIDC_LOGIN = "/api/v1/oidc/login";
const COOKIE = "__Host-galgo-oidc";
/** The session's cookie goes to no request that another site has caused, so the page that does goes on by itself. */
const ON = '<!doctype html><meta http-equiv="refresh" content="0;url=/"><title>Galgo</title>\n';

export function addOidcRoutes({ http }: FleetContext, parts: LoginParts, oidc: Oidc): void {
  const { app } = http;
  app.get(OIDC_LOGIN, async (c) => {
    const { url, state } = await oidc.begin();
    // the service sends the browser back here: a cookie that is strict would not come along
    const terms = { path: "/", secure: true, httpOnly: true, sameSite: "Lax" } as const;
    setCookie(c, COOKIE, state, { ...terms, maxAge: OIDC_LOGIN_MS / 1_000 });
    return c.redirect(url);
  });
  app.get("/api/v1/oidc/callback", async (c) => {
    const query = new URL(c.req.url).search.slice(1);
    const cookie = getCookie(c, COOKIE) ?? "";
    deleteCookie(c, COOKIE, { path: "/", secure: true });
    setSession(c, await loggedIn(c, parts, () => oidc.finish(query, cookie)));
    return c.html(ON);
  });
}

async function loggedIn(
  c: FleetCall,
  { users, sessions, audit }: LoginParts,
  finish: () => Promise<OidcUser>,
): Promise<string> {
  const address = addressOf(c);
  try {
    const user = await users.vouched(await finish());
    const secret = await sessions.begin(user.name, address);
    await users.loggedIn(user.name);
    const words = `by ${user.issuer ?? ""}`;
    await audit.note({
      who: user.name,
      action: "login",
      target: user.name,
      result: "done",
      words,
      address,
    });
    return secret;
  } catch (error) {
    // what was not begun here is anybody's, and not written down
    const isKnown = error instanceof CodedError && error.code !== "BAD_LOGIN";
    if (isKnown) {
      const deed = { who: "nobody", action: "login", target: "an unknown user", address };
      await audit.note({ ...deed, result: "refused", words: error.message });
    }
    throw error;
  }
}
