// SPDX-License-Identifier: Apache-2.0
// A test's side of the TSEM simulator: starts it on a folder of its own, asks it, and takes everything away again.
import { spawn } from "node:child_process";
import {
  accessSync,
  constants,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { unmount } from "./fuse.ts";

/** Why the simulator can not run here, or false. */
export function simulatorSkip(): string | false {
  if (process.getuid?.() !== 0) return "the TSEM simulator mounts FUSE: needs root";
  try {
    accessSync("/dev/fuse", constants.R_OK | constants.W_OK);
    return false;
  } catch {
    return "the TSEM simulator needs /dev/fuse";
  }
}

export interface SimulatedState {
  readonly commands: readonly string[];
  readonly rootTouched: boolean;
  readonly waiting: readonly number[];
  readonly namespaces: readonly {
    readonly id: string;
    readonly kind: string;
    readonly digest: string;
    readonly enforcing: boolean;
    readonly sealed: boolean;
    readonly loaded: readonly string[];
    readonly queued: number;
  }[];
}

export interface Simulator {
  /** What GALGO_TSEM_DIR has to be. */
  readonly folder: string;
  state(): Promise<SimulatedState>;
  /** Waits until what `wanted` says is so. */
  until(wanted: (state: SimulatedState) => boolean): Promise<SimulatedState>;
  stop(): Promise<void>;
}

export const AGGREGATE = "de2b9c37eb1ceefa4bcbc6d8412920693d3272f30eb5ba98d51d2f898d620289";

/** Takes away what tests that were killed have left mounted: the folder's name holds the number of their process. */
function removeStale(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = /^galgo-tsem-(\d+)-/.exec(name)?.[1];
    if (pid === undefined || existsSync(`/proc/${pid}`)) continue;
    unmount(join(tmpdir(), name));
    rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}

/** A script that is too long for a command line goes through a file. */
interface LongScript {
  readonly script: readonly string[];
  readonly scriptFile: string;
}

export async function startSimulator(options: object, long?: LongScript): Promise<Simulator> {
  removeStale();
  const folder = mkdtempSync(join(tmpdir(), `galgo-tsem-${process.pid}-`));
  if (long !== undefined) writeFileSync(long.scriptFile, JSON.stringify(long.script));
  const child = spawn(
    process.execPath,
    [
      "--import",
      "tsx",
      resolve("test/simulator/tsem-kernel.ts"),
      folder,
      JSON.stringify({ aggregate: AGGREGATE, ...options, scriptFile: long?.scriptFile }),
    ],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  const ended = new Promise<void>((done) => child.once("exit", () => done()));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error("the TSEM simulator has ended");
    return JSON.parse(value as string);
  };
  const stop = async (): Promise<void> => {
    child.stdin.end();
    await ended;
    unmount(folder);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await next();
  } catch (error) {
    await stop();
    throw error;
  }
  const state = async (): Promise<SimulatedState> => {
    child.stdin.write('{"ask": "state"}\n');
    return (await next()) as SimulatedState;
  };
  const until = async (wanted: (now: SimulatedState) => boolean): Promise<SimulatedState> => {
    for (;;) {
      const now = await state();
      if (wanted(now)) return now;
    }
  };
  return { folder, state, until, stop };
}
