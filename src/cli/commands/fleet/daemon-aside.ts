// SPDX-License-Identifier: Apache-2.0
// A daemon in the background, for who has no service manager: it goes on when this command and its terminal have ended.
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { quote } from "../../../base/quote.ts";
import { ClientError, type DaemonClient } from "../../../daemon/client/index.ts";

/** A daemon that does not answer after so long (ms) was not started. */
const START_MS = 30_000;
const LOOK_MS = 50;
const LOG_FILE = "daemon.log";

/**
 * Settles when it answers.
 * @param kept folder of what the daemon keeps
 * @throws ClientError NO_DAEMON
 */
export async function startDaemonAside(
  client: DaemonClient | undefined,
  kept: string,
): Promise<{ readonly log: string }> {
  const log = join(kept, LOG_FILE);
  mkdirSync(kept, { recursive: true, mode: 0o700 });
  const out = openSync(log, "a", 0o600);
  const [program = ""] = process.argv.slice(1);
  const child = spawn(process.execPath, [...process.execArgv, program, "daemon"], {
    detached: true,
    stdio: ["ignore", out, out],
    cwd: "/",
  });
  closeSync(out);
  let failed: string | undefined;
  child.once("error", (error) => {
    failed = error.message;
  });
  child.once("exit", (code, signal) => {
    failed = `it ended with ${signal ?? `status ${code}`}`;
  });
  for (const until = performance.now() + START_MS; performance.now() < until; ) {
    if (failed !== undefined || client === undefined) break;
    try {
      await client.version();
      child.unref();
      return { log };
    } catch (error) {
      if (!(error instanceof ClientError) || error.code !== "NO_DAEMON") throw error;
    }
    await pause(LOOK_MS);
  }
  throw new ClientError(
    "NO_DAEMON",
    `the daemon could not be started (${failed ?? "it does not answer"}): ${quote(log)} says why; the host has joined, and the next daemon tells the fleet`,
  );
}
