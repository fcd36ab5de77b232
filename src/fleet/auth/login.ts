// SPDX-License-Identifier: Apache-2.0
// Logging in with a password. The first one is `admin` with the token of the server's machine, until somebody gives that user a password.
import type { LoginOrder } from "../../wire/api/index.ts";
import type { Audit } from "../audit/audit.ts";
import { AccessError } from "./access-error.ts";
import { isPassword } from "./passwords.ts";
import { sameSecret } from "./secrets.ts";
import type { Sessions } from "./sessions.ts";
import type { UserRecord } from "./tables.ts";
import type { Tries } from "./tries.ts";
import { roleOf, type Users } from "./users.ts";

/** Whom the token of the machine lets in. */
export const FIRST_USER = "admin";

export interface LoginParts {
  readonly users: Users;
  readonly sessions: Sessions;
  readonly tries: Tries;
  readonly audit: Audit;
  readonly adminToken: string;
}

/**
 * Begins a session and returns its secret.
 * @throws AccessError BAD_LOGIN, TOO_MANY, BUSY
 */
export async function login(
  parts: LoginParts,
  { user, password }: LoginOrder,
  address: string,
): Promise<string> {
  const { users, sessions, tries } = parts;
  try {
    await tries.take(user, address);
  } catch (error) {
    const isFirst = error instanceof AccessError && error.facts["first"] === true;
    if (isFirst) await noteRefusal(parts, undefined, address, "too many logins were tried");
    throw error;
  }
  const found = await users.find(user);
  const isGood =
    found === undefined || found.kept === null
      ? await isFirstLogin(parts, found, { user, password })
      : await isPassword(password, found.kept);
  if (!isGood || found?.disabled === 1) {
    await noteRefusal(parts, found?.name, address, "wrong name or password");
    throw new AccessError("BAD_LOGIN", "the name or the password is wrong");
  }
  const secret = await sessions.begin(user, address);
  await users.loggedIn(user);
  await tries.forget(user, address);
  await parts.audit.note({
    who: { kind: "user", name: user, role: found === undefined ? "admin" : roleOf(found) },
    action: "login",
    target: user,
    result: "done",
    words: "",
    address,
  });
  return secret;
}

/** It takes as long as with a password. */
async function isFirstLogin(
  { users, adminToken }: LoginParts,
  found: UserRecord | undefined,
  { user, password }: LoginOrder,
): Promise<boolean> {
  await isPassword(password, undefined);
  const isLocal = user === FIRST_USER && sameSecret(password, adminToken);
  if (!isLocal || found?.kind === "oidc") return false;
  if (found === undefined) await users.addFirst(user);
  return true;
}

/** People type passwords where names belong, so a name that nobody has is not written down. */
async function noteRefusal(
  { audit }: LoginParts,
  user: string | undefined,
  address: string,
  words: string,
): Promise<void> {
  const target = user ?? "an unknown user";
  await audit.note({ who: "nobody", action: "login", target, result: "refused", words, address });
}
