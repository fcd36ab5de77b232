// SPDX-License-Identifier: Apache-2.0
// galgo daemon: stays in the foreground until it is told to end, and says one line of each thing on stderr.
import { CodedError } from "../../base/errors.ts";
import { quote } from "../../base/quote.ts";
import {
  checkedConfig,
  type Daemon,
  type DaemonWord,
  DaemonError,
  demandLine,
  launchPart,
  PARTS,
  startDaemon,
} from "../../daemon/index.ts";
import { stateRoot } from "../../orchestrator/index.ts";
import { daemonCommandLine } from "../daemon-run.ts";
import { EXIT_GALGO } from "../exit-status.ts";
import { say, sayError, sayRaw } from "../render.ts";
import { packageVersion } from "../version.ts";

interface DaemonCommandOptions {
  readonly config?: string;
  readonly check?: boolean;
  readonly json?: boolean;
}

/** Internal errors within FAULTS_MS after which the daemon ends in order, to be started again. */
const MAX_FAULTS = 100;
const FAULTS_MS: number = 60 * 60 * 1_000;

type Tell = (word: DaemonWord, text: string) => void;

export async function daemon(options: DaemonCommandOptions): Promise<void> {
  const tell = options.json === true ? tellJson : tellPlain;
  try {
    if (options.check === true) check(options, tell);
    else await serve(options, tell);
  } catch (error) {
    // this program is a bundle of its own: its errors are not those that the command line knows
    tell("error", error instanceof CodedError ? error.message : internalError(error));
    // whatever a part that could not start has left open
    process.exit(EXIT_GALGO);
  }
}

function internalError(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `internal error: ${text.replaceAll("\n", " | ")}; please report it`;
}

/** Only looks whether the configuration can be used. */
function check({ config }: DaemonCommandOptions, tell: Tell): void {
  const { config: checked, requirement } = checkedConfig(config, PARTS);
  const { file } = checked;
  if (requirement !== undefined) tell("info", demandLine(requirement));
  tell("info", file === undefined ? "there is no configuration" : `${quote(file)} can be used`);
}

async function serve({ config }: DaemonCommandOptions, tell: Tell): Promise<void> {
  const uid = process.getuid?.() ?? -1;
  const ending = Promise.race([firstSignal(), tooManyFaults(tell)]);
  let running: Daemon | undefined;
  let asked = false;
  process.on("SIGHUP", () => {
    asked = true;
    if (running !== undefined) void reload(running, tell);
  });
  running = await startDaemon({
    version: packageVersion(),
    env: process.env,
    uid,
    stateRoot: stateRoot(process.env, uid),
    ...(config === undefined ? {} : { configFile: config }),
    parts: [...PARTS, launchPart(daemonCommandLine)],
    tell,
  });
  tell("info", `ready: ${running.sockets.api}`);
  // it came while it started, which may have read the configuration before
  if (asked) void reload(running, tell);
  const reason = await ending;
  const stopped = running.stop(reason);
  killAtNextSignal(running);
  await stopped;
}

/** Whoever asks again does not want to wait for workloads that take their time. */
function killAtNextSignal({ registry }: Daemon): void {
  for (const signal of ["SIGTERM", "SIGINT"] as const)
    process.on(signal, () => registry.killAll(`the daemon was stopped (${signal}, again)`));
}

/** Settles with the first signal that asks the daemon to end. */
function firstSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => resolve(signal));
    // left alone it opens Node's debugger to whoever may signal us
    process.on("SIGUSR1", () => undefined);
  });
}

/**
 * A fault that nobody caught is told, and the daemon goes on: nothing is decided in this thread, and its end would be that of every
 * workload. Settles when there were so many that it can not go on.
 */
function tooManyFaults(tell: Tell): Promise<string> {
  return new Promise((resolve) => {
    let faults: readonly number[] = [];
    const fault = (error: unknown): void => {
      const now = performance.now();
      faults = [...faults.filter((at) => now - at < FAULTS_MS), now];
      tell("error", internalError(error));
      if (faults.length < MAX_FAULTS) return;
      process.exitCode = EXIT_GALGO;
      resolve(`${faults.length} internal errors`);
    };
    process.on("uncaughtException", fault);
    process.on("unhandledRejection", fault);
  });
}

async function reload(running: Daemon, tell: Tell): Promise<void> {
  try {
    await running.reload();
    tell("info", "the configuration was read again");
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const inPart = error instanceof DaemonError && error.code === "NOT_RELOADED";
    const what = inPart
      ? "not all of the new configuration is used"
      : "the old configuration goes on";
    tell("error", `${what}: ${message}`);
  }
}

const tellPlain: Tell = (word, text) => (word === "info" ? say(text) : sayError(text));

const tellJson: Tell = (word, text) => {
  const line = { time: new Date().toISOString(), level: word, message: text };
  sayRaw(`${JSON.stringify(line)}\n`);
};
