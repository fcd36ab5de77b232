// SPDX-License-Identifier: Apache-2.0
// Who asks: the cookie of a session, or an API token. A page of another site can bring the cookie along, but neither the token nor the
// second token of the session, without which nothing is changed.
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { CSRF_HEADER } from "../../wire/api/index.ts";
import type { FleetCall, Guard, Principal } from "../server/http.ts";
import { AccessError } from "./access-error.ts";
import { SESSION_MS } from "./limits.ts";
import { sameSecret } from "./secrets.ts";
import { type ApiTokens, type Sessions, TOKEN_PREFIX } from "./sessions.ts";

/** Browsers take this prefix only over TLS, for this host alone and all of its paths. */
export const SESSION_COOKIE = "__Host-galgo";
const READS: ReadonlySet<string> = new Set(["GET", "HEAD"]);
const SECRET = /^[\w-]{43}$/;

export class AccessGuard implements Guard {
  readonly #sessions: Sessions;
  readonly #tokens: ApiTokens;

  constructor(sessions: Sessions, tokens: ApiTokens) {
    this.#sessions = sessions;
    this.#tokens = tokens;
  }

  /** @throws AccessError NOT_SIGNED_IN: a token that is none; BAD_CSRF */
  async principalOf(call: FleetCall): Promise<Principal | undefined> {
    const shown = call.req.header("authorization");
    return shown === undefined ? this.#ofSession(call) : this.#ofToken(shown);
  }

  async #ofToken(shown: string): Promise<Principal> {
    const [, token = ""] = /^Bearer ([\w-]{1,128})$/.exec(shown) ?? [];
    const found = token.startsWith(TOKEN_PREFIX) ? await this.#tokens.find(token) : undefined;
    if (found !== undefined) return found;
    const problem =
      "this API token is not known, or not any more; galgo fleet user token makes one";
    throw new AccessError("NOT_SIGNED_IN", problem);
  }

  async #ofSession(call: FleetCall): Promise<Principal | undefined> {
    const secret = getCookie(call, SESSION_COOKIE) ?? "";
    if (!SECRET.test(secret)) return undefined;
    const found = await this.#sessions.find(secret);
    if (found === undefined || READS.has(call.req.method)) return found;
    if (sameSecret(call.req.header(CSRF_HEADER) ?? "", found.csrf ?? "")) return found;
    const problem = `a change has to carry the second token of the session (${CSRF_HEADER}); sign in anew`;
    throw new AccessError("BAD_CSRF", problem);
  }
}

export function setSession(call: FleetCall, secret: string): void {
  setCookie(call, SESSION_COOKIE, secret, {
    path: "/",
    secure: true,
    httpOnly: true,
    sameSite: "Strict",
    maxAge: SESSION_MS / 1_000,
  });
}

export function dropSession(call: FleetCall): void {
  deleteCookie(call, SESSION_COOKIE, { path: "/", secure: true });
}
