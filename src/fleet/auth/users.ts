// SPDX-License-Identifier: Apache-2.0
// Users of the fleet. Names are of letters that nobody takes for others.
import { quote } from "../../base/quote.ts";
import { ROLES, type Role, type UserChange, type UserOrder } from "../../wire/api/index.ts";
import type { FleetStore } from "../store/index.ts";
import { AccessError } from "./access-error.ts";
import { MAX_USERS } from "./limits.ts";
import { keptOf, refusePassword } from "./passwords.ts";
import type { AccessDb, AccessTables, UserRecord } from "./tables.ts";

/** What a login name is made of. */
export const USER_NAME: RegExp = /^[a-z0-9](?:[a-z0-9._@-]{0,62}[a-z0-9])?$/;

/** A user whom another service has vouched for. */
export interface OidcUser {
  readonly issuer: string;
  readonly subject: string;
  readonly name: string;
  readonly shown: string;
  readonly role: Role;
}

export class Users {
  readonly #store: FleetStore;
  readonly #db: AccessDb;
  readonly #now: () => number;

  /** @param now milliseconds since 1970 */
  constructor(store: FleetStore, now: () => number) {
    this.#store = store;
    this.#db = store.db.withTables<AccessTables>();
    this.#now = now;
  }

  async find(name: string): Promise<UserRecord | undefined> {
    return this.#db.selectFrom("users").selectAll().where("name", "=", name).executeTakeFirst();
  }

  async list(): Promise<readonly UserRecord[]> {
    return this.#db.selectFrom("users").selectAll().orderBy("name").limit(MAX_USERS).execute();
  }

  /** @throws AccessError BAD_REQUEST, BAD_PASSWORD, CONFLICT */
  async add({ user, name = user, role, password }: UserOrder): Promise<void> {
    refuseName(user);
    refusePassword(password, user);
    const kept = await keptOf(password);
    const { count } = await this.#db
      .selectFrom("users")
      .select((e) => e.fn.countAll<number>().as("count"))
      .executeTakeFirstOrThrow();
    if (Number(count) >= MAX_USERS) {
      throw new AccessError("CONFLICT", `there are ${MAX_USERS} users, and no room for more`);
    }
    const made = await this.#db
      .insertInto("users")
      .values(this.#row({ name: user, shown: name, role, kind: "password", kept }))
      .onConflict((conflict) => conflict.column("name").doNothing())
      .returning("name")
      .executeTakeFirst();
    if (made === undefined) throw taken(user);
  }

  /** A user without a password, who is an admin. It may be there already. */
  async addFirst(name: string): Promise<void> {
    await this.#db
      .insertInto("users")
      .values(this.#row({ name, shown: name, role: "admin", kind: "password", kept: null }))
      .onConflict((conflict) => conflict.column("name").doNothing())
      .execute();
  }

  /**
   * Who was vouched for by another service, with the role that it says today. A name belongs to whoever came with it first.
   * @throws AccessError CONFLICT: another has the name; NOT_ALLOWED: disabled here
   */
  async vouched({ issuer, subject, name, shown, role }: OidcUser): Promise<UserRecord> {
    refuseName(name);
    await this.#db
      .insertInto("users")
      .values({ ...this.#row({ name, shown, role, kind: "oidc", kept: null }), issuer, subject })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    const found = await this.#db
      .updateTable("users")
      .set({ role, shown })
      .where("issuer", "=", issuer)
      .where("subject", "=", subject)
      .returningAll()
      .executeTakeFirst();
    if (found === undefined) throw taken(name);
    if (found.disabled === 1) {
      throw new AccessError("NOT_ALLOWED", `the user ${quote(found.name)} is disabled`);
    }
    return found;
  }

  /**
   * Changes what is given. Whoever gets another password, another role or is disabled is logged out everywhere.
   * @throws AccessError NOT_FOUND, BAD_PASSWORD, CONFLICT: nobody would be left who may do this
   */
  async change(name: string, change: UserChange): Promise<void> {
    const { password, role, disabled } = change;
    const known = await this.find(name);
    if (known === undefined) throw new AccessError("NOT_FOUND", `no user ${quote(name, 80)}`);
    if (password !== undefined && known.kind === "oidc") {
      throw new AccessError("CONFLICT", `${quote(name)} has no password here`);
    }
    if (password !== undefined) refusePassword(password, name);
    const kept = password === undefined ? known.kept : await keptOf(password);
    const row = {
      shown: change.name ?? known.shown,
      role: role ?? known.role,
      disabled: disabled === undefined ? known.disabled : Number(disabled),
      kept,
    };
    const less = known.role === "admin" && (row.role !== "admin" || row.disabled === 1);
    const ends = row.role !== known.role || kept !== known.kept || row.disabled === 1;
    await this.#store.transaction(async (given) => {
      const tx = given.withTables<AccessTables>();
      if (less) await lockAdmins(tx);
      await tx.updateTable("users").set(row).where("name", "=", name).execute();
      if (less) await requireAdmin(tx);
      if (ends) await tx.deleteFrom("sessions").where("user", "=", name).execute();
      if (row.disabled === 1) await tx.deleteFrom("api_tokens").where("user", "=", name).execute();
    });
  }

  async loggedIn(name: string): Promise<void> {
    await this.#db
      .updateTable("users")
      .set({ last_login: this.#now() })
      .where("name", "=", name)
      .execute();
  }

  #row(given: Pick<UserRecord, "name" | "shown" | "role" | "kind" | "kept">): UserRecord {
    return {
      ...given,
      issuer: null,
      subject: null,
      disabled: 0,
      created: this.#now(),
      last_login: null,
    };
  }
}

/** A role as it stands in the database. What is none there is the lowest. */
export function roleOf({ role }: Pick<UserRecord, "role">): Role {
  return ROLES.find((known) => known === role) ?? "viewer";
}

function refuseName(name: string): void {
  if (USER_NAME.test(name)) return;
  const problem = `${quote(name, 80)} is no name of a user: 1 to 64 of a-z, 0-9 and . _ @ - between them`;
  throw new AccessError("BAD_REQUEST", problem);
}

function taken(name: string): AccessError {
  return new AccessError("CONFLICT", `there is a user ${quote(name, 80)} already`);
}

/** Two admins who take the role from each other at the same time wait for each other. */
async function lockAdmins(tx: AccessDb): Promise<void> {
  await tx.updateTable("users").set({ role: "admin" }).where("role", "=", "admin").execute();
}

/** Of the users of this database; the local administrator of the server's machine is always there besides. */
async function requireAdmin(tx: AccessDb): Promise<void> {
  const left = await tx
    .selectFrom("users")
    .select("name")
    .where("role", "=", "admin")
    .where("disabled", "=", 0)
    .limit(1)
    .executeTakeFirst();
  if (left !== undefined) return;
  throw new AccessError("CONFLICT", "this is the last admin; make another one first");
}
