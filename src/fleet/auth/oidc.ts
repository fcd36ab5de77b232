// SPDX-License-Identifier: Apache-2.0
// Logging in at another service (OpenID Connect, authorization code with PKCE). What comes back is believed when this browser has begun the
// login here, once, and the ID token is signed by the service for this client and this login.
import { hash } from "node:crypto";
import type { Configuration } from "openid-client";
import { quote } from "../../base/quote.ts";
import { isAtLeast, type Role } from "../../wire/api/index.ts";
import type { FleetStore } from "../store/index.ts";
import { AccessError } from "./access-error.ts";
import { MAX_OIDC_LOGINS, OIDC_LOGIN_MS } from "./limits.ts";
import type { OidcConfig } from "./oidc-config.ts";
import { digestOf, newSecret, sameSecret } from "./secrets.ts";
import type { AccessDb, AccessTables, OidcLoginRecord } from "./tables.ts";
import { type OidcUser, USER_NAME } from "./users.ts";

const TIMEOUT_SECONDS = 15;

/** A login that begins. */
export interface OidcBegun {
  /** Where the browser goes. */
  readonly url: string;
  /** For a cookie of this browser. */
  readonly state: string;
}

export class Oidc {
  readonly #config: OidcConfig;
  readonly #db: AccessDb;
  readonly #now: () => number;
  #found: Promise<Configuration> | undefined;

  constructor(config: OidcConfig, { db }: Pick<FleetStore, "db">, now: () => number) {
    this.#config = config;
    this.#db = db.withTables<AccessTables>();
    this.#now = now;
  }

  get #redirect(): string {
    return new URL("/api/v1/oidc/callback", this.#config.url).href;
  }

  /** @throws AccessError BUSY: the service does not answer, or too many have begun */
  async begin(): Promise<OidcBegun> {
    const service = await this.#service();
    const { buildAuthorizationUrl } = await import("openid-client");
    const [state, nonce, verifier] = [newSecret(), newSecret(), newSecret()];
    const now = this.#now();
    await this.#db.deleteFrom("oidc_logins").where("expires", "<=", now).execute();
    const { count } = await this.#db
      .selectFrom("oidc_logins")
      .select((e) => e.fn.countAll<number>().as("count"))
      .executeTakeFirstOrThrow();
    if (Number(count) >= MAX_OIDC_LOGINS) {
      throw new AccessError("BUSY", "too many logins have begun and not ended; come again");
    }
    const expires = now + OIDC_LOGIN_MS;
    const row: OidcLoginRecord = { state: digestOf(state), nonce, verifier, expires };
    await this.#db.insertInto("oidc_logins").values(row).execute();
    const url = buildAuthorizationUrl(service, {
      redirect_uri: this.#redirect,
      scope: this.#config.scope,
      state,
      nonce,
      code_challenge: hash("sha256", verifier, "base64url"),
      code_challenge_method: "S256",
    });
    return { url: url.href, state };
  }

  /**
   * Who comes back from the service.
   * @param query of the address that the service has sent the browser to
   * @param cookie `state` of this browser
   * @throws AccessError BAD_LOGIN: not begun here, or not believed; NOT_ALLOWED: nothing here is for this user; BUSY
   */
  async finish(query: string, cookie: string): Promise<OidcUser> {
    const begun = await this.#take(new URLSearchParams(query).get("state") ?? "", cookie);
    const service = await this.#service();
    const { authorizationCodeGrant } = await import("openid-client");
    const claims = await authorizationCodeGrant(service, new URL(`${this.#redirect}?${query}`), {
      pkceCodeVerifier: begun.verifier,
      expectedNonce: begun.nonce,
      expectedState: cookie,
      idTokenExpected: true,
    }).then(
      (tokens) => tokens.claims(),
      (cause: unknown) => {
        const why = cause instanceof Error ? quote(cause.message, 200) : "";
        throw new AccessError("BAD_LOGIN", `the login is not believed: ${why}`, { cause });
      },
    );
    if (claims === undefined)
      throw new AccessError("BAD_LOGIN", "the service has vouched for nobody");
    return userOf(claims, this.#config);
  }

  /** A login is finished once, by the browser that has begun it. */
  async #take(state: string, cookie: string): Promise<OidcLoginRecord> {
    const problem = "this login was not begun in this browser, or is too old; begin it anew";
    if (cookie === "" || !sameSecret(state, cookie)) throw new AccessError("BAD_LOGIN", problem);
    const begun = await this.#db
      .deleteFrom("oidc_logins")
      .where("state", "=", digestOf(state))
      .where("expires", ">", this.#now())
      .returningAll()
      .executeTakeFirst();
    if (begun === undefined) throw new AccessError("BAD_LOGIN", problem);
    return begun;
  }

  /** What the service says of itself; asked again when it did not answer. */
  #service(): Promise<Configuration> {
    this.#found ??= this.#discover().catch((cause: unknown) => {
      this.#found = undefined;
      const why = cause instanceof Error ? quote(cause.message, 200) : "";
      const problem = `the login service ${quote(this.#config.issuer, 200)} can not be used: ${why}`;
      throw new AccessError("BUSY", problem, { cause });
    });
    return this.#found;
  }

  async #discover(): Promise<Configuration> {
    const { allowInsecureRequests, ClientSecretPost, discovery, enableNonRepudiationChecks, None } =
      await import("openid-client");
    const { issuer, clientId, clientSecret } = this.#config;
    const place = new URL(issuer);
    // without TLS only on this machine
    const isLocal = place.protocol === "http:" && ["127.0.0.1", "[::1]"].includes(place.hostname);
    const secret = clientSecret === undefined ? None() : ClientSecretPost(clientSecret);
    // the signature of the token is checked too, although it comes straight from the service
    const execute = [enableNonRepudiationChecks, ...(isLocal ? [allowInsecureRequests] : [])];
    return discovery(place, clientId, undefined, secret, { execute, timeout: TIMEOUT_SECONDS });
  }
}

/** @throws AccessError NOT_ALLOWED */
export function userOf(
  claims: Readonly<Record<string, unknown>> & { readonly iss: string; readonly sub: string },
  { claim, roles }: Pick<OidcConfig, "claim" | "roles">,
): OidcUser {
  const said = claims[claim];
  const values = (Array.isArray(said) ? said : [said]).filter((one) => typeof one === "string");
  const found = values.flatMap((value): readonly Role[] => {
    const role = Object.hasOwn(roles, value) ? roles[value] : undefined;
    return role === undefined ? [] : [role];
  });
  const [first] = found;
  const names = [claims["preferred_username"], claims["email"], claims.sub];
  const name = names
    .flatMap((one) => (typeof one === "string" ? [one.toLowerCase()] : []))
    .find((one) => USER_NAME.test(one));
  if (first === undefined || name === undefined) {
    const why = first === undefined ? `no role is for its ${claim}` : "it has no name that fits";
    throw new AccessError("NOT_ALLOWED", `the login was good, and nothing here is for it: ${why}`);
  }
  const role = found.reduce((best, one) => (isAtLeast(one, best) ? one : best), first);
  const shown = typeof claims["name"] === "string" ? claims["name"].slice(0, 128) : name;
  return { issuer: claims.iss, subject: claims.sub, name, shown, role };
}
