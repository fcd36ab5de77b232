// SPDX-License-Identifier: Apache-2.0
// Runs with a management socket, for tests that ask them while they wait.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Place } from "../cli/galgo.ts";
import type { RunningGalgo } from "../cli/galgo.ts";
import { RawConsole } from "./raw-console.ts";

const DEADLINE_MS = 30_000;
const POLL_MS = 10;

/** A run and what a test does with it. */
export interface Scene {
  readonly place: Place;
  readonly run: RunningGalgo;
  readonly socket: string;
  readonly sockets: string;
  /** Lets the workload take its next step. */
  step(): void;
  open(): RawConsole;
}

/** Runs `script`, in which `read x <&3` waits for the next step. */
export function play(t: TestContext, script: string, ...options: string[]): Scene {
  const place = new Place(t);
  execFileSync("mkfifo", [place.path("steps")]);
  return replay(t, place, script, options);
}

export function replay(
  t: TestContext,
  place: Place,
  script: string,
  options: readonly string[],
): Scene {
  const sockets = place.path("mgmt");
  const socket = join(sockets, "wl");
  const run = place.start([
    ...["run", "--name", "wl", "--quixote-socket", sockets, ...options],
    ...["--", "sh", "-c", `exec 3<>steps; ${script}`],
  ]);
  const fifo = openSync(place.path("steps"), "r+");
  return {
    place,
    run,
    socket,
    sockets,
    step: () => void writeSync(fifo, "go\n"),
    open: () => {
      const raw = new RawConsole(socket);
      t.after(() => raw.socket.destroy());
      return raw;
    },
  };
}

/** Asks until the answer is as wanted: records are written after the workload has its answer. */
export async function until<T>(ask: () => Promise<T>, wanted: (answer: T) => boolean): Promise<T> {
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    assert.ok(performance.now() < deadline, `still ${JSON.stringify(answer)}`);
    await pause(POLL_MS);
  }
}

export async function shown(place: Place, what: string): Promise<string> {
  const { status, stdout, stderr } = await place.galgo("show", "wl", what, "--json");
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}
