// SPDX-License-Identifier: Apache-2.0
// What comes of containers: what their engine says, and what the daemon recorded.
import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import type { Daemon } from "../../src/daemon/index.ts";
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
