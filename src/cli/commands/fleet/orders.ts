// SPDX-License-Identifier: Apache-2.0
// galgo fleet order, orders: orders something of hosts and workloads, and tells what they answer.
import { setTimeout as pause } from "node:timers/promises";
import { plural } from "../../../base/counts.ts";
import { quote } from "../../../base/quote.ts";
import { FleetClientError, type FleetClient } from "../../../fleet/client/index.ts";
import type { CommandResultRow, CommandRow, Rows } from "../../../wire/api/index.ts";
import { EXIT_DIFFERENT } from "../../exit-status.ts";
import { type FleetAccessOptions, fleetClient } from "../../fleet-options.ts";
import { outJson, outLine, say, table } from "../../render.ts";

export interface OrderOptions extends FleetAccessOptions {
  readonly host?: readonly string[];
  readonly group?: string;
  readonly label?: Readonly<Record<string, string>>;
  readonly workload?: readonly string[];
  readonly run?: readonly string[];
  readonly under?: readonly string[];
  readonly all?: boolean;
  readonly for?: string;
  readonly digest?: string;
  /** Seconds. */
  readonly expires?: number;
  readonly wait: boolean;
  readonly json?: boolean;
}

const POLL_MS = 300;

/** Exit status 1: some host has not done it. */
export async function order(kind: string, options: OrderOptions): Promise<void> {
  const client = fleetClient(options);
  const { expires } = options;
  const made = await client.post<CommandRow>("commands", {
    kind,
    target: { hosts: options.host ?? "all", select: selectOf(kind, options) },
    ...argsOf(kind, options),
    ...(expires !== undefined && { seconds: expires }),
  });
  if (options.json !== true) say(`${made.id}: ${quote(made.words, 300)}`);
  const row = options.wait ? await answered(client, made) : made;
  if (options.json === true) {
    outJson({ ...row, results: await resultsOf(client, row.id) });
  } else if (options.wait) {
    tell(row, await resultsOf(client, row.id));
  }
  const { total, done, waiting } = row.hosts;
  if (options.wait && done < total - waiting) process.exitCode = EXIT_DIFFERENT;
}

export async function orders(
  id: string | undefined,
  options: FleetAccessOptions & { readonly json?: boolean },
): Promise<void> {
  const client = fleetClient(options);
  if (id !== undefined) {
    const row = await client.get<CommandRow>(`commands/${encodeURIComponent(id)}`);
    const results = await resultsOf(client, id);
    if (options.json === true) outJson({ ...row, results });
    else tell(row, results);
    return;
  }
  const { rows } = await client.get<Rows<CommandRow>>("commands");
  if (options.json === true) {
    outJson(rows);
    return;
  }
  const lines = rows.map((row) => [
    row.id,
    new Date(row.issued).toISOString(),
    quote(row.by, 40),
    quote(row.words, 120),
    hostsText(row),
  ]);
  outLine(table([["ID", "AT", "BY", "WHAT", "HOSTS"], ...lines]));
}

function selectOf(kind: string, options: OrderOptions): object {
  const { group, label, workload, run, under, all, host } = options;
  const some = {
    ...(group !== undefined && { group }),
    ...(label !== undefined && { labels: label }),
    ...(workload !== undefined && { names: workload }),
    ...(run !== undefined && { workloads: run }),
    ...(under !== undefined && { models: under }),
  };
  if (Object.keys(some).length > 0) return some;
  if (all === true || host !== undefined) return { all: true };
  const problem = `${quote(kind, 40)} of what? --host, --group, --label, --workload, --run, --under, or --all`;
  throw new FleetClientError("REFUSED", problem);
}

function argsOf(kind: string, { for: name, digest }: OrderOptions): object {
  if (kind !== "model") return {};
  if (name === undefined || digest === undefined) {
    const problem = "model wants --for NAME and --digest DIGEST (or own)";
    throw new FleetClientError("REFUSED", problem);
  }
  return { args: { name, digest: digest === "own" ? null : digest } };
}

/** The order when all have answered, or it has expired. */
async function answered(client: FleetClient, { id }: CommandRow): Promise<CommandRow> {
  for (;;) {
    const row = await client.get<CommandRow>(`commands/${id}`);
    if (row.hosts.waiting === 0 || Date.now() > row.expires) return row;
    await pause(POLL_MS);
  }
}

async function resultsOf(client: FleetClient, id: string): Promise<readonly CommandResultRow[]> {
  const path = `commands/${encodeURIComponent(id)}/results?limit=1000`;
  return (await client.get<Rows<CommandResultRow>>(path)).rows;
}

function hostsText({ hosts }: CommandRow): string {
  const { total, done, failed, refused, expired } = hosts;
  const wrong = failed + refused + expired;
  return `${done}/${total} done${wrong > 0 ? `, ${wrong} not` : ""}`;
}

function tell(row: CommandRow, results: readonly CommandResultRow[]): void {
  const lines = results.map(({ host, hostName, status, words }) => [
    quote(hostName === "" ? host : hostName, 60),
    status,
    quote(words, 200),
  ]);
  if (lines.length > 0) outLine(table(lines));
  say(`${plural(row.hosts.total, "host")}: ${hostsText(row)}`);
}
