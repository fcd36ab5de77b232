// SPDX-License-Identifier: Apache-2.0
// galgo top: a screen of what runs; where no screen can be, the same as text.
import { setTimeout as pause } from "node:timers/promises";
import { stateRoot } from "../../orchestrator/inspect/index.ts";
import { EXIT_GALGO } from "../exit-status.ts";
import { out, outPainter, plainBigInts, say, sayError } from "../render.ts";
import { canShowScreen } from "../screen/terminal.ts";
import { noWorkload } from "../top/list-view.ts";
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
  const { interval, times, once, json } = options;
  const plain = once === true || times !== undefined || json === true || !canShowScreen();
  if (plain) return print(source, { ...options, ...only });
  const colours = outPainter().isColorSupported;
  process.exitCode = await showTop({ source, intervalMs: interval * 1_000, colours, ...only });
}

/** The first look is not printed: only the second one knows rates. */
async function print(
  source: WorkloadSource,
  { interval, times = 1, json, only }: TopCommandOptions & { readonly only?: string },
): Promise<void> {
  let state = initialState({ columns: 80, rows: 24 }, Date.now(), false);
  state = withLook(state, { now: Date.now(), ...(await source.look()) });
  if (state.daemon.kind === "closed") {
    sayError(state.daemon.problem);
    process.exitCode = EXIT_GALGO;
  }
  for (let n = 0; n < times; n += 1) {
    await pause(interval * 1_000);
    state = withLook(state, { now: Date.now(), ...(await source.look()) });
    if (!(json === true ? printJson(state) : printTable(state, only, n > 0))) return;
  }
}

function printTable(state: TopState, only: string | undefined, apart: boolean): boolean {
  const rows = shownRows(state);
  if (rows.length === 0) {
    if (state.daemon.kind !== "closed") say(noWorkload(only));
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
