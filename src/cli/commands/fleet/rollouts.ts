// SPDX-License-Identifier: Apache-2.0
// galgo fleet rollout ...: a model or a mode for all hosts, in steps.
import { setTimeout as pause } from "node:timers/promises";
import { quote } from "../../../base/quote.ts";
import type { RolloutRow, Rows } from "../../../wire/api/index.ts";
import { EXIT_DIFFERENT } from "../../exit-status.ts";
import { type FleetAccessOptions, fleetClient } from "../../fleet-options.ts";
import { outJson, outLine, say, table } from "../../render.ts";

interface Options extends FleetAccessOptions {
  readonly json?: boolean;
}

export interface RolloutOptions extends Options {
  readonly digest?: string;
  readonly mode?: string;
  readonly shares: readonly number[];
  /** Seconds. */
  readonly watch: number;
  readonly answer: number;
  readonly maxFailed: string;
  readonly maxViolations: string;
  readonly host?: readonly string[];
  readonly wait?: boolean;
}

const POLL_MS = 500;
const ENDED: ReadonlySet<string> = new Set(["done", "stopped", "rolled-back"]);

const pathOf = (id: string): string => `rollouts/${encodeURIComponent(id)}`;

/** Exit status 1, with --wait: it has ended and is not done. */
export async function rolloutBegin(name: string, options: RolloutOptions): Promise<void> {
  const { digest, mode, shares, watch, answer, host, wait } = options;
  const client = fleetClient(options);
  let row = await client.post<RolloutRow>("rollouts", {
    name,
    ...(digest !== undefined && { digest }),
    ...(mode !== undefined && { mode }),
    ...(host !== undefined && { hosts: host }),
    shares,
    watchSeconds: watch,
    answerSeconds: answer,
    maxFailed: Number(options.maxFailed),
    maxViolations: Number(options.maxViolations),
  });
  if (options.json !== true) say(`roll-out ${row.id} has begun`);
  while (wait === true && !ENDED.has(row.state)) {
    await pause(POLL_MS);
    row = await client.get<RolloutRow>(pathOf(row.id));
  }
  show(row, options);
  if (wait === true && row.state !== "done") process.exitCode = EXIT_DIFFERENT;
}

export async function rolloutList(options: Options): Promise<void> {
  const { rows } = await fleetClient(options).get<Rows<RolloutRow>>("rollouts");
  if (options.json === true) {
    outJson(rows);
    return;
  }
  const lines = rows.map((row) => [
    row.id,
    new Date(row.created).toISOString(),
    quote(row.by, 40),
    quote(row.name, 60),
    row.mode ?? row.model.slice(0, 12),
    row.state,
    quote(row.reason ?? "", 80),
  ]);
  outLine(table([["ID", "AT", "BY", "FOR", "WHAT", "STATE", "WHY"], ...lines]));
}

export async function rolloutShow(id: string, options: Options): Promise<void> {
  show(await fleetClient(options).get<RolloutRow>(pathOf(id)), options);
}

export async function rolloutOrder(
  verb: "pause" | "resume" | "rollback",
  id: string,
  options: Options,
): Promise<void> {
  show(await fleetClient(options).post<RolloutRow>(`${pathOf(id)}/${verb}`), options);
}

function show(row: RolloutRow, { json }: Options): void {
  if (json === true) {
    outJson(row);
    return;
  }
  const lines = row.steps.map(({ share, state, done, hosts, failed, absent, violations }) => [
    `${share} %`,
    state,
    `${done}/${hosts} done`,
    `${failed} failed`,
    `${absent} away`,
    `${violations} violations`,
  ]);
  outLine(table(lines));
  const why = row.reason === undefined ? "" : `: ${quote(row.reason, 300)}`;
  say(`${quote(row.name, 80)} is ${row.state}${why}`);
}
