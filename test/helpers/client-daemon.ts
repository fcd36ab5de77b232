// SPDX-License-Identifier: Apache-2.0
// A daemon as a process of its own, and the native client of `galgo run` in front of it. What the daemon leaves to the client ends with
// status 99 here, so that no test passes because the run was done without it.
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GALGO, Place, type RunningGalgo } from "../cli/galgo.ts";
import { NATIVE_LAUNCHER } from "./built.ts";

export const NATIVE_CLIENT: string = NATIVE_LAUNCHER.replace("galgo-launch-", "galgo-client-");
/** Exit status of a run that the daemon has left to its client. */
export const LEFT = 99;

export class ClientDaemon {
  readonly folder: string = mkdtempSync(join(tmpdir(), "galgo-client-"));
  readonly run: string = join(this.folder, "run");
  readonly socket: string = join(this.run, "launch.sock");
  /** What is galgo for a Place. */
  readonly galgo: readonly string[];
  readonly #place = new Place(undefined, GALGO);
  #daemon: RunningGalgo | undefined;

  constructor() {
    const starter = join(this.folder, "starter");
    writeFileSync(starter, `echo "left: $*" >&2; exit ${LEFT}\n`);
    this.galgo = [NATIVE_CLIENT, this.socket, starter];
  }

  /**
   * Settles when it is ready.
   * @param configFile default: one that says what tests need
   */
  async start(configFile?: string): Promise<RunningGalgo> {
    const place = this.#place;
    const config = configFile ?? place.write("daemon.toml", "[daemon]\nstop-seconds = 30\n");
    const daemon = place.start(["daemon", "--config", config], { GALGO_RUN_DIR: this.run });
    this.#daemon = daemon;
    await daemon.says(/ready/);
    return daemon;
  }

  /** Ends the daemon and removes what it has. */
  async remove(): Promise<void> {
    const child = this.#daemon?.process;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      child.kill("SIGTERM");
      await once(child, "exit");
    }
    this.#place.remove();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
