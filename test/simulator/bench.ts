// SPDX-License-Identifier: Apache-2.0
// A TSEM simulator and a place to run Galgo in, for tests of the command line.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { RunRecord } from "../../src/orchestrator/index.ts";
import { type Outcome, Place, type RunningGalgo } from "../cli/galgo.ts";
import { type Simulator, startSimulator } from "./simulator.ts";

/** A simulator and a place to run Galgo in. */
class TsemBench {
  readonly place: Place;
  readonly simulator: Simulator;

  constructor(place: Place, simulator: Simulator) {
    this.place = place;
    this.simulator = simulator;
  }

  start(args: readonly string[], env: NodeJS.ProcessEnv = {}): RunningGalgo {
    return this.place.start(args, { GALGO_TSEM_DIR: this.simulator.folder, ...env });
  }

  galgo(...args: readonly string[]): Promise<Outcome> {
    return this.start(args).ended;
  }

  /** Runs a script; `hook` in it stands for the file that takes hooks. */
  run(options: readonly string[], script: string, env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
    return this.started(options, script, env).ended;
  }

  started(options: readonly string[], script: string, env: NodeJS.ProcessEnv = {}): RunningGalgo {
    const [command = "run", ...rest] = options;
    const text = script.replaceAll("HOOK", join(this.simulator.folder, "hook"));
    return this.start([command, "--sensor", "tsem", ...rest, "--", "sh", "-c", text], env);
  }

  async record(): Promise<RunRecord> {
    const { stdout } = await this.place.galgo("show", "sh", "run", "--json");
    return JSON.parse(stdout) as RunRecord;
  }

  /** A file of the last run. */
  file(name: string): string {
    return readFileSync(join(this.place.state, "sh", "latest", name), "utf8");
  }
}

/** @param options of the simulator, besides its usual ones */
export async function bench(
  t: TestContext,
  options: object = {},
): Promise<ReturnType<typeof bound>> {
  const simulator = await startSimulator({ personality: "k25", ...options });
  // stopped after the galgos that the place ends
  const place = new Place(t);
  t.after(() => simulator.stop());
  return bound(new TsemBench(place, simulator));
}

/** The methods of a bench, so that a test can take those it wants. */
function bound(from: TsemBench) {
  return {
    place: from.place,
    simulator: from.simulator,
    run: from.run.bind(from),
    started: from.started.bind(from),
    galgo: from.galgo.bind(from),
    record: from.record.bind(from),
    file: from.file.bind(from),
  };
}

export const LEARN = ["learn", "-o", "m.json"];
export const ENFORCE = ["run", "-m", "m.json", "--enforce"];
/** What a workload does in the place of opening a file. */
export const open = (path: string): string => `echo "file_open ${path}" > HOOK`;
