// SPDX-License-Identifier: Apache-2.0
// galgo fleet user ...: users and their API tokens. Passwords come from files or stdin, never from the command line.
import { readFileSync } from "node:fs";
import { quote } from "../../../base/quote.ts";
import { FleetClientError } from "../../../fleet/client/index.ts";
import type { ApiTokenMade, ApiTokenRow, Rows, UserRow } from "../../../wire/api/index.ts";
import { type FleetAccessOptions, fleetClient, secretIn } from "../../fleet-options.ts";
import { outJson, outLine, say, table } from "../../render.ts";

interface Options extends FleetAccessOptions {
  readonly json?: boolean;
}

export interface UserOptions extends Options {
  readonly role?: string;
  readonly name?: string;
  readonly passwordFile?: string;
  readonly disable?: boolean;
  readonly enable?: boolean;
}

export interface UserTokenOptions extends Options {
  readonly role: string;
  readonly name: string;
  readonly days: number;
}

const userPath = (user: string): string => `users/${encodeURIComponent(user)}`;
const day = (ms: number | undefined): string =>
  ms === undefined ? "never" : new Date(ms).toISOString();

export async function userList(options: Options): Promise<void> {
  const { rows } = await fleetClient(options).get<Rows<UserRow>>("users");
  if (options.json === true) {
    outJson(rows);
    return;
  }
  const lines = rows.map(({ user, name, role, kind, disabled, lastLogin }) => [
    quote(user),
    quote(name, 60),
    role,
    disabled ? "disabled" : kind,
    day(lastLogin),
  ]);
  outLine(table([["USER", "NAME", "ROLE", "", "LAST LOGIN"], ...lines]));
}

export async function userAdd(user: string, options: UserOptions): Promise<void> {
  const { role, name, passwordFile } = options;
  const password = passwordFile === undefined ? passwordOfStdin() : secretIn(passwordFile);
  const body = { user, role, password, ...(name !== undefined && { name }) };
  const done = await fleetClient(options).post<object>("users", body);
  if (options.json === true) outJson(done);
  else say(`user ${quote(user)} is there, with the role ${role}`);
}

export async function userChange(user: string, options: UserOptions): Promise<void> {
  const { role, name, passwordFile, disable, enable } = options;
  const body = {
    ...(role !== undefined && { role }),
    ...(name !== undefined && { name }),
    ...(passwordFile !== undefined && { password: secretIn(passwordFile) }),
    ...(disable === true && { disabled: true }),
    ...(enable === true && { disabled: false }),
  };
  const done = await fleetClient(options).post<object>(userPath(user), body);
  if (options.json === true) outJson(done);
  else say(`user ${quote(user)} is changed`);
}

/** The token alone is on stdout, so that it can go into a file. */
export async function userToken(user: string, options: UserTokenOptions): Promise<void> {
  const { role, name, days } = options;
  const path = `${userPath(user)}/api-tokens`;
  const made = await fleetClient(options).post<ApiTokenMade>(path, { role, name, days });
  if (options.json === true) {
    outJson(made);
    return;
  }
  outLine(made.token);
  say(`API token ${made.id} of ${quote(user)}, good until ${day(made.expires)}; it is told once`);
}

export async function userTokens(options: Options): Promise<void> {
  const { rows } = await fleetClient(options).get<Rows<ApiTokenRow>>("api-tokens");
  if (options.json === true) {
    outJson(rows);
    return;
  }
  const lines = rows.map(({ id, user, name, role, expires, lastUsed }) => [
    id,
    quote(user),
    quote(name, 60),
    role,
    day(expires),
    day(lastUsed),
  ]);
  outLine(table([["ID", "USER", "FOR", "ROLE", "EXPIRES", "LAST USED"], ...lines]));
}

export async function userEndToken(id: string, options: Options): Promise<void> {
  const done = await fleetClient(options).delete<object>(`api-tokens/${encodeURIComponent(id)}`);
  if (options.json === true) outJson(done);
  else say(`API token ${quote(id, 60)} is good no more`);
}

function passwordOfStdin(): string {
  if (process.stdin.isTTY === true) {
    const problem = "the password comes from --password-file FILE, or on stdin";
    throw new FleetClientError("NO_ACCESS", problem);
  }
  return readFileSync(0, "utf8").split("\n")[0]?.trimEnd() ?? "";
}
