// SPDX-License-Identifier: Apache-2.0
// galgo fleet token create, list, end; galgo fleet host revoke.
import { quote } from "../../../base/quote.ts";
import type { EnrolTokenMade, EnrolTokenRow, HostRevoked, Rows } from "../../../wire/api/index.ts";
import { EXIT_TROUBLE } from "../../exit-status.ts";
import { type FleetAccessOptions, fleetClient } from "../../fleet-options.ts";
import { outJson, outLine, say, sayError, table } from "../../render.ts";

interface Options extends FleetAccessOptions {
  readonly json?: boolean;
}

export interface TokenCreateOptions extends Options {
  readonly uses: number;
  /** Seconds. */
  readonly expires: number;
  readonly label?: Readonly<Record<string, string>>;
  readonly group?: string;
  readonly comment?: string;
}

/** The token alone is on stdout, so that it can be a variable of a script. */
export async function tokenCreate(options: TokenCreateOptions): Promise<void> {
  const { uses, expires, label: labels, group, comment } = options;
  const client = fleetClient(options);
  const made = await client.post<EnrolTokenMade>("enrol-tokens", {
    uses,
    seconds: expires,
    ...(labels !== undefined && { labels }),
    ...(group !== undefined && { group }),
    ...(comment !== undefined && { comment }),
  });
  if (options.json === true) {
    outJson({ ...made, url: client.url });
    return;
  }
  outLine(made.token);
  const until = new Date(made.expires).toISOString();
  say(
    `for ${made.uses} host(s), until ${until}; it is told once. On a host: galgo fleet join ${client.url} --token-file FILE`,
  );
}

export async function tokenList(options: Options): Promise<void> {
  const { rows } = await fleetClient(options).get<Rows<EnrolTokenRow>>("enrol-tokens");
  if (options.json === true) {
    outJson(rows);
    return;
  }
  const now = Date.now();
  const lines = rows.map((row) => [
    row.id,
    standing(row, now),
    `${row.used}/${row.uses}`,
    new Date(row.expires).toISOString(),
    quote(row.by, 40),
    quote(row.comment, 80),
  ]);
  outLine(table([["TOKEN", "", "USED", "EXPIRES", "BY", "COMMENT"], ...lines]));
}

function standing({ revoked, expires, used, uses }: EnrolTokenRow, now: number): string {
  if (revoked !== undefined) return "ended";
  if (expires <= now) return "expired";
  return used >= uses ? "used" : "good";
}

export async function tokenEnd(id: string, options: Options): Promise<void> {
  const done = await fleetClient(options).delete<object>(`enrol-tokens/${encodeURIComponent(id)}`);
  if (options.json === true) outJson(done);
  else say(`token ${id} is good no more`);
}

/** Exit status 2: the bus could not be told, so the host speaks into the void until it can be. */
export async function hostRevoke(id: string, options: Options): Promise<void> {
  const path = `hosts/${encodeURIComponent(id)}/revoke`;
  const done = await fleetClient(options).post<HostRevoked>(path);
  if (options.json === true) outJson(done);
  else if (done.disconnected) say(`host ${done.host} is thrown out`);
  if (done.disconnected) return;
  sayError(
    `host ${done.host} is believed no more, but the bus could not be told to disconnect it yet`,
  );
  process.exitCode = EXIT_TROUBLE;
}
