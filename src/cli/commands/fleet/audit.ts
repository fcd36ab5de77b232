// SPDX-License-Identifier: Apache-2.0
// galgo fleet audit: what was changed, by whom.
import { quote } from "../../../base/quote.ts";
import type { AuditRow, Rows } from "../../../wire/api/index.ts";
import { type FleetAccessOptions, fleetClient } from "../../fleet-options.ts";
import { outJson, outLine, table } from "../../render.ts";

interface Options extends FleetAccessOptions {
  readonly lines: number;
  readonly json?: boolean;
}

export async function audit(text: string | undefined, options: Options): Promise<void> {
  const query = `limit=${Math.min(options.lines, 1_000)}&q=${encodeURIComponent(text ?? "")}`;
  const { rows } = await fleetClient(options).get<Rows<AuditRow>>(`audit?${query}`);
  if (options.json === true) {
    outJson(rows);
    return;
  }
  const lines = rows.map((row) => [
    new Date(row.at).toISOString(),
    quote(row.who, 40),
    quote(row.action, 40),
    row.result,
    quote(row.target, 40),
    quote(row.words, 200),
  ]);
  outLine(table([["AT", "WHO", "WHAT", "", "WITH", ""], ...lines]));
}
