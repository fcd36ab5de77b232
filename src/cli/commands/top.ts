// SPDX-License-Identifier: Apache-2.0
// galgo top: a screen of what runs; where no screen can be, the same as text.
import { setTimeout as pause } from "node:timers/promises";
import { stateRoot } from "../../orchestrator/inspect/index.ts";
import { EXIT_GALGO } from "../exit-status.ts";
import { out, outPainter, plainBigInts, say, sayError } from "../render.ts";
import { canShowScreen } from "../screen/terminal.ts";
import { withLook } from "../top/look.ts";
import { plainTable } from "../top/plain.ts";
import { WorkloadSource } from "../top/source.ts";
import { initialState, shownRows, type TopState } from "../top/state.ts";
import { showTop } from "../top/top.ts";

interface TopCommandOptions {
  readonly interval: number;
  readonly times?: number;
  readonly once?: boolean;
  readonly json?: boolean;
}

export async function top(name: string | undefined, options: TopCommandOptions): Promise<void> {
  const uid = process.getuid?.() ?? -1;
  const root = stateRoot(process.env, uid);
  const only = name === undefined ? {} : { only: name };
  const source = new WorkloadSource({ env: process.env, uid, stateRoot: root, ...only });
  const intervalMs = options.interval * 1_000;
  const { times, once, json } = options;
  const plain = once === true || times !== undefined || json === true || !canShowScreen();
  if (plain) return print(source, intervalMs, options);
  const colours = outPainter().isColorSupported;
  process.exitCode = await showTop({ source, intervalMs, colours, open: name !== undefined });
}

/** The first look is not printed: only the second one knows rates. */
async function print(
  source: WorkloadSource,
  intervalMs: number,
  { times = 1, json }: TopCommandOptions,
): Promise<void> {
  let state = initialState({ columns: 80, rows: 24 }, Date.now(), false);
  state = withLook(state, { now: Date.now(), ...(await source.look()) });
  if (state.daemon.kind === "closed") {
    sayError(state.daemon.problem);
    process.exitCode = EXIT_GALGO;
  }
  for (let n = 0; n < times; n += 1) {
    await pause(intervalMs);
    state = withLook(state, { now: Date.now(), ...(await source.look()) });
    if (!(json === true ? printJson(state) : printTable(state, n > 0))) return;
  }
}

function printTable(state: TopState, apart: boolean): boolean {
  const rows = shownRows(state);
  if (rows.length === 0) {
    if (state.daemon.kind !== "closed") say("no workload runs");
    return true;
  }
  const text = plainTable(rows, { now: state.now, rates: true, paint: outPainter() });
  return out(`${apart ? "\n" : ""}${text}\n`);
}

/** One line for each look. */
function printJson(state: TopState): boolean {
  const workloads = shownRows(state).map(({ listed, rate }) => ({
    ...listed,
    ...(rate === undefined ? {} : { eventsPerSecond: Math.round(rate * 10) / 10 }),
  }));
  const line = { time: new Date(state.now).toISOString(), workloads };
  return out(`${JSON.stringify(line, plainBigInts)}\n`);
}
