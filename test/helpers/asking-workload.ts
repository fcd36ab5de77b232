// SPDX-License-Identifier: Apache-2.0
// A workload that does what it has learned, then something that it has not, then waits for its end; for tests of who decides about that.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Daemon } from "../../src/daemon/index.ts";
import type { ManagedRun } from "../../src/daemon/registry/managed-run.ts";
import { sealModelFile } from "../../src/orchestrator/inspect/index.ts";
import type { RunResult } from "../../src/orchestrator/run-request.ts";
import type { Locality } from "../../src/tma/index.ts";
import type { DaemonPlace } from "./daemon-place.ts";

const SCRIPT = `exec 2>/dev/null; cd "$0"; while [ ! -e go ]; do sleep 0.02; done; [ -e more ] && cat /etc/shells >shells; while [ ! -e stop ]; do sleep 0.02; done`;

export interface Asking {
  readonly mode?: "detect" | "enforce";
  /** How long the fleet may take (ms); 0: nobody waits. */
  readonly withinMs?: number;
}

export class AskingWorkload {
  readonly #place: DaemonPlace;
  readonly #folder: string;
  readonly #model: string;

  constructor(place: DaemonPlace) {
    this.#place = place;
    this.#folder = join(place.folder, "gates");
    this.#model = join(place.folder, "asking.galgo.json");
  }

  /** Its model. */
  async learn(daemon: Daemon): Promise<void> {
    mkdirSync(this.#folder);
    const learned = this.#place.launch(daemon, ["sh", "-c", SCRIPT, this.#folder], {
      name: "asking",
    });
    await learned.started;
    for await (const line of this.#place.client.lines(learned.id, "trajectory", { follow: true }))
      if (line.includes("sleep")) break;
    for (const file of ["go", "stop"]) writeFileSync(join(this.#folder, file), "");
    const { directory } = await learned.ended;
    sealModelFile({ file: directory.model, output: this.#model, allowLoss: false });
    writeFileSync(join(this.#folder, "more"), "");
  }

  /** Goes straight to what it has not learned. */
  async start(daemon: Daemon, { mode = "enforce", withinMs = 3_000 }: Asking): Promise<ManagedRun> {
    for (const file of ["shells", "stop"]) rmSync(join(this.#folder, file), { force: true });
    const onViolation = mode === "enforce" ? "deny" : "observe";
    const locality: Locality = { kind: "remote", withinMs, socket: daemon.sockets.verdict };
    const run = this.#place.launch(daemon, ["sh", "-c", SCRIPT, this.#folder], {
      ...{ mode, onViolation, modelFile: this.#model, locality, name: "asking" },
    });
    await run.started;
    return run;
  }

  /** Words of `galgo` for the same, when there is nothing to wait for. */
  words(): readonly string[] {
    for (const file of ["shells", "stop"]) rmSync(join(this.#folder, file), { force: true });
    writeFileSync(join(this.#folder, "stop"), "");
    const command = ["sh", "-c", SCRIPT, this.#folder];
    return ["run", "--tma", "remote:", "-m", this.#model, "--enforce", "--", ...command];
  }

  /** Lets it end. */
  async ended(run: ManagedRun): Promise<RunResult> {
    writeFileSync(join(this.#folder, "stop"), "");
    return run.ended;
  }

  /** Something was outside of its model. */
  async violated(run: ManagedRun): Promise<void> {
    for await (const _ of this.#place.client.lines(run.id, "forensics", { follow: true })) return;
  }

  /** What it got of what it has not learned; empty: nothing. */
  get got(): string {
    const file = join(this.#folder, "shells");
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  }
}
