// SPDX-License-Identifier: Apache-2.0
// galgo ps: the workloads that run now, those of the daemon and those that run alone.
import { stateRoot } from "../../orchestrator/inspect/index.ts";
import { EXIT_GALGO } from "../exit-status.ts";
import { outJson, outLine, outPainter, say, sayError } from "../render.ts";
import type { Listed } from "../top/listed.ts";
import { plainTable } from "../top/plain.ts";
import { WorkloadSource } from "../top/source.ts";
import { initialState, shownRows } from "../top/state.ts";
import { withLook } from "../top/look.ts";

interface PsOptions {
  readonly json?: boolean;
}

export async function ps(options: PsOptions): Promise<void> {
  const uid = process.getuid?.() ?? -1;
  const root = stateRoot(process.env, uid);
  const source = new WorkloadSource({ env: process.env, uid, stateRoot: root });
  const { listed, daemon } = await source.look();
  const rows = sorted(listed);
  if (options.json === true) outJson(rows.map((row) => row.listed));
  else if (rows.length > 0)
    outLine(plainTable(rows, { now: Date.now(), rates: false, paint: outPainter() }));
  else if (daemon.kind !== "closed") say("no workload runs");
  if (daemon.kind !== "closed") return;
  // what runs alone is known all the same
  sayError(daemon.problem);
  process.exitCode = EXIT_GALGO;
}

function sorted(listed: readonly Listed[]): ReturnType<typeof shownRows> {
  const now = Date.now();
  const state = initialState({ columns: 80, rows: 24 }, now, false);
  return shownRows(withLook(state, { now, daemon: { kind: "none" }, listed }));
}
