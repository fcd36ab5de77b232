// SPDX-License-Identifier: Apache-2.0
// What comes of containers: what their engine says, and what the daemon recorded.
import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { attestPart } from "../../src/daemon/attest/part.ts";
import { CONTAINERS } from "../../src/daemon/containers/part.ts";
import { type Daemon, startDaemon } from "../../src/daemon/index.ts";
import type { RunResult } from "../../src/orchestrator/run-request.ts";

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Of an engine that runs. */
export async function outcomeOf(
  child: ChildProcessByStdio<null, Readable, Readable>,
): Promise<Outcome> {
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "exit"),
  ]);
  return { status, stdout, stderr };
}

/**
 * A daemon in this process that takes containers and has its files in `folder`: models in `models`, configuration in `daemon.toml`.
 * @param tell gets what it says, as "word: text"
 */
export function startContainerDaemon(
  folder: string,
  tell: (line: string) => void,
): Promise<Daemon> {
  const models = join(folder, "models");
  const configFile = join(folder, "daemon.toml");
  mkdirSync(models);
  writeFileSync(configFile, `[daemon]\nmodels = "${models}"\n`);
  return startDaemon({
    version: "1.2.3",
    env: { ...process.env, GALGO_RUN_DIR: join(folder, "run") },
    uid: 0,
    stateRoot: join(folder, "state"),
    configFile,
    parts: [attestPart, CONTAINERS],
    tell: (word, line) => tell(`${word}: ${line}`),
  });
}

/** Of the next run of the daemon that ends. */
export function nextResult(daemon: Daemon): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const stop = daemon.registry.listen((event) => {
      if (event.type !== "ended" && event.type !== "failed") return;
      stop();
      if (event.type === "ended") resolve(event.result);
      else reject(event.error);
    });
  });
}
