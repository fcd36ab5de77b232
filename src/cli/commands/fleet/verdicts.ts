// SPDX-License-Identifier: Apache-2.0
// galgo fleet verdict: list, allow, deny, kill, forget, unknown.
import { quote } from "../../../base/quote.ts";
import type {
  Rows,
  UnknownPolicy,
  VerdictOrder,
  VerdictPolicyRow,
  VerdictRow,
} from "../../../wire/api/index.ts";
import { type FleetAccessOptions, fleetClient } from "../../fleet-options.ts";
import { outJson, outLine, say, table } from "../../render.ts";

interface Options extends FleetAccessOptions {
  readonly json?: boolean;
}

interface ListOptions extends Options {
  readonly decided?: boolean;
  readonly query?: string;
  readonly limit: number;
}

const SHOWN_WORDS = 120;
const WORDS: Readonly<Record<string, VerdictOrder["verdict"]>> = {
  allow: "allow",
  deny: "deny",
  kill: "kill",
  forget: "taken back",
};

export async function verdictList(options: ListOptions): Promise<void> {
  const { decided = false, query = "", limit, json } = options;
  const state = decided ? "decided" : "pending";
  const path = `verdicts?state=${state}&limit=${limit}&q=${encodeURIComponent(query)}`;
  const found = await fleetClient(options).get<Rows<VerdictRow>>(path);
  if (json === true) {
    outJson(found);
    return;
  }
  const lines = found.rows.map((row) => [
    row.verdict ?? "-",
    quote(row.name, 40),
    `${row.hosts}`,
    `${row.asked}`,
    quote(row.words, SHOWN_WORDS),
    row.id,
  ]);
  outLine(table([["VERDICT", "WORKLOAD", "HOSTS", "ASKED", "WHAT", "ID"], ...lines]));
  if (found.total > found.rows.length) say(`${found.total} in all: --limit, --query`);
}

interface DecideOptions extends Options {
  readonly reason?: string;
}

export async function verdictDecide(
  word: string,
  ids: readonly string[],
  options: DecideOptions,
): Promise<void> {
  const client = fleetClient(options);
  const { reason, json } = options;
  const order = { verdict: WORDS[word] ?? "taken back", ...(reason !== undefined && { reason }) };
  const rows: VerdictRow[] = [];
  for (const id of ids) {
    rows.push(await client.post<VerdictRow>(`verdicts/${encodeURIComponent(id)}`, order));
  }
  if (json === true) outJson(rows);
  else
    for (const { id, words } of rows)
      outLine(`${order.verdict}: ${quote(words, SHOWN_WORDS)} (${id})`);
}

interface UnknownOptions extends Options {
  readonly model?: string;
}

export async function verdictUnknown(
  policy: UnknownPolicy,
  options: UnknownOptions,
): Promise<void> {
  const { model = "", json } = options;
  const client = fleetClient(options);
  const row = await client.post<VerdictPolicyRow>("verdict-policy", { model, unknown: policy });
  if (json === true) outJson(row);
  else
    outLine(
      `unknown = ${row.unknown} ${row.model === "" ? "under all models" : `under ${row.model}`}`,
    );
}
