// SPDX-License-Identifier: Apache-2.0
// Sessions and API tokens: who holds the secret is the user, as long as the database says so. Roles are those that the user has now.
import { isAtLeast, type ApiTokenMade, type ApiTokenOrder } from "../../wire/api/index.ts";
import type { Principal } from "../server/http.ts";
import type { FleetStore } from "../store/index.ts";
import { AccessError } from "./access-error.ts";
import {
  MAX_SESSIONS_OF_USER,
  MAX_TOKENS_OF_USER,
  SESSION_IDLE_MS,
  SESSION_MS,
  USED_STEP_MS,
} from "./limits.ts";
import { csrfOf, digestOf, newId, newSecret } from "./secrets.ts";
import type { AccessDb, AccessTables, ApiTokenRecord } from "./tables.ts";
import { roleOf } from "./users.ts";

/** How API tokens begin, so that they are found where they do not belong. */
export const TOKEN_PREFIX = "galgo_";
const DAY_MS = 86_400_000;

export class Sessions {
  readonly #store: FleetStore;
  readonly #db: AccessDb;
  readonly #now: () => number;

  constructor(store: FleetStore, now: () => number) {
    this.#store = store;
    this.#db = store.db.withTables<AccessTables>();
    this.#now = now;
  }

  /** Begins a session and returns its secret, which is kept nowhere. */
  async begin(user: string, address: string): Promise<string> {
    const secret = newSecret();
    const now = this.#now();
    const expires = now + SESSION_MS;
    await this.#store.transaction(async (given) => {
      const tx = given.withTables<AccessTables>();
      await tx.deleteFrom("sessions").where("expires", "<=", now).execute();
      await tx
        .insertInto("sessions")
        .values({ digest: digestOf(secret), user, created: now, used: now, expires, address })
        .execute();
      const old = tx
        .selectFrom("sessions")
        .select("digest")
        .where("user", "=", user)
        .orderBy("created", "desc")
        .orderBy("digest")
        .offset(MAX_SESSIONS_OF_USER)
        .limit(MAX_SESSIONS_OF_USER);
      await tx.deleteFrom("sessions").where("digest", "in", old).execute();
    });
    return secret;
  }

  /** Whose session it is; undefined: nobody's, or not any more. */
  async find(secret: string): Promise<Principal | undefined> {
    const now = this.#now();
    const digest = digestOf(secret);
    const row = await this.#db
      .selectFrom("sessions")
      .innerJoin("users", "users.name", "sessions.user")
      .select(["users.name", "users.shown", "users.role", "sessions.expires", "sessions.used"])
      .where("sessions.digest", "=", digest)
      .where("sessions.expires", ">", now)
      .where("sessions.used", ">", now - SESSION_IDLE_MS)
      .where("users.disabled", "=", 0)
      .executeTakeFirst();
    if (row === undefined) return undefined;
    if (now - row.used >= USED_STEP_MS) {
      await this.#db
        .updateTable("sessions")
        .set({ used: now })
        .where("digest", "=", digest)
        .execute();
    }
    return {
      kind: "user",
      name: row.name,
      shown: row.shown,
      role: roleOf(row),
      csrf: csrfOf(secret),
      expires: row.expires,
      session: digest,
    };
  }

  async end(digest: string): Promise<void> {
    await this.#db.deleteFrom("sessions").where("digest", "=", digest).execute();
  }
}

export class ApiTokens {
  readonly #store: FleetStore;
  readonly #db: AccessDb;
  readonly #now: () => number;

  constructor(store: FleetStore, now: () => number) {
    this.#store = store;
    this.#db = store.db.withTables<AccessTables>();
    this.#now = now;
  }

  /** @throws AccessError NOT_ALLOWED: a role above one's own; CONFLICT: too many */
  async make(
    { name: user, role: own }: Pick<Principal, "name" | "role">,
    { name, role, days }: ApiTokenOrder,
  ): Promise<ApiTokenMade> {
    if (!isAtLeast(own, role)) {
      const problem = `a token with the role ${role} can not be made with the role ${own}`;
      throw new AccessError("NOT_ALLOWED", problem);
    }
    const token = `${TOKEN_PREFIX}${newSecret()}`;
    const created = this.#now();
    const row = { id: newId(), user, name, role, created, expires: created + days * DAY_MS };
    await this.#store.transaction(async (given) => {
      const tx = given.withTables<AccessTables>();
      await tx.deleteFrom("api_tokens").where("expires", "<=", created).execute();
      await tx
        .insertInto("api_tokens")
        .values({ ...row, digest: digestOf(token), used: null })
        .execute();
      const { count } = await tx
        .selectFrom("api_tokens")
        .select((e) => e.fn.countAll<number>().as("count"))
        .where("user", "=", user)
        .executeTakeFirstOrThrow();
      if (Number(count) > MAX_TOKENS_OF_USER) {
        throw new AccessError("CONFLICT", `a user has at most ${MAX_TOKENS_OF_USER} API tokens`);
      }
    });
    return { ...row, token };
  }

  /** @param user undefined: those of all */
  async list(user: string | undefined): Promise<readonly ApiTokenRecord[]> {
    const all = this.#db.selectFrom("api_tokens").selectAll().where("expires", ">", this.#now());
    const some = user === undefined ? all : all.where("user", "=", user);
    return some.orderBy("user").orderBy("created").orderBy("id").limit(1_000).execute();
  }

  /** @param user undefined: whosever it is @throws AccessError NOT_FOUND */
  async revoke(id: string, user: string | undefined): Promise<void> {
    const one = this.#db.deleteFrom("api_tokens").where("id", "=", id);
    const gone = await (user === undefined ? one : one.where("user", "=", user))
      .returning("id")
      .executeTakeFirst();
    if (gone === undefined) throw new AccessError("NOT_FOUND", "there is no such API token");
  }

  /** Whose token it is; undefined: nobody's, or not any more. */
  async find(token: string): Promise<Principal | undefined> {
    const now = this.#now();
    const row = await this.#db
      .selectFrom("api_tokens")
      .innerJoin("users", "users.name", "api_tokens.user")
      .select(["users.name", "users.shown", "users.role", "api_tokens.role as least"])
      .select(["api_tokens.expires", "api_tokens.used", "api_tokens.id"])
      .where("api_tokens.digest", "=", digestOf(token))
      .where("api_tokens.expires", ">", now)
      .where("users.disabled", "=", 0)
      .executeTakeFirst();
    if (row === undefined) return undefined;
    if (row.used === null || now - row.used >= USED_STEP_MS) {
      await this.#db
        .updateTable("api_tokens")
        .set({ used: now })
        .where("id", "=", row.id)
        .execute();
    }
    const [own, least] = [roleOf(row), roleOf({ role: row.least })];
    return {
      kind: "token",
      name: row.name,
      shown: row.shown,
      role: isAtLeast(own, least) ? least : own,
      expires: row.expires,
      token: row.id,
    };
  }
}
