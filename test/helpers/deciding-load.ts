// SPDX-License-Identifier: Apache-2.0
// A thread that decides on events of a namespace as fast as it can. What it has counted after each one follows from its number.
import { workerData } from "node:worker_threads";
import { prepareBench } from "../../src/orchestrator/bench.ts";
import type { WorkerSetup } from "../../src/orchestrator/worker-protocol.ts";
import { aFile, anEvent } from "./events.ts";

/** Each so manieth event is a new behaviour, each so manieth time something is lost. */
const NEW_EVERY = 40;
const LOST_EVERY = 7;

export interface DecidingLoad {
  readonly setup: WorkerSetup;
  readonly events: number;
}

/** Different behaviours of the first `events` events. */
export function behavioursOf(events: number): number {
  return Math.ceil(events / NEW_EVERY);
}

/** Losses once the event of this number was decided on, and those of it were counted. */
export function lossesOf(events: number): number {
  return Math.floor(events / LOST_EVERY);
}

/** The behaviour of a number, from 0. */
export function behaviour(number: number): ReturnType<typeof anEvent<"file_open">> {
  return anEvent("file_open", { file: aFile(`/load/${number}`) });
}

function decide({ setup, events }: DecidingLoad): void {
  const nothing = (): void => undefined;
  const { namespace } = prepareBench(setup, { post: nothing, kill: nothing });
  for (let n = 1; n <= events; n++) {
    const isNew = n % NEW_EVERY === 1;
    namespace.decide(behaviour(isNew ? behavioursOf(n) - 1 : 0), false);
    if (n % LOST_EVERY === 0) namespace.lost("load", String(n));
    namespace.answered(n < events);
  }
  namespace.finish();
}

const work = workerData as DecidingLoad | null;
if (work?.setup !== undefined) decide(work);
