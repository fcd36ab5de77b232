// SPDX-License-Identifier: Apache-2.0
// Parts of a fleet are killed while hosts tell what happens: how long until the rest of it is stored, and whether anything is lost or twice.
import { setTimeout as delay } from "node:timers/promises";
import type { Difference } from "./ledger.ts";
import type { Site } from "./site.ts";

export interface FaultTimes {
  /** Violations, and deployments, a second while it happens. */
  readonly perSecond: number;
  /** From the first violation to the kill, from the kill to the restart, from that to the last violation (ms). */
  readonly beforeMs: number;
  readonly goneMs: number;
  readonly afterMs: number;
  /** Until all is stored, at most (ms). */
  readonly settleMs: number;
}

export interface FaultResult {
  readonly what: string;
  /** From the restart until everything that was told is stored, what was told meanwhile too (ms). */
  readonly settledMs: number;
}

/** A part that can be killed and started again. */
export interface Victim {
  readonly what: string;
  kill(): Promise<void>;
  start(): Promise<void>;
}

/** What this site has, each once. */
export function victims({ servers, cluster, postgres, server }: Site): readonly Victim[] {
  const found: Victim[] = [];
  const [first] = servers;
  if (first !== undefined) {
    const which = servers.length > 1 ? `a server of ${servers.length}` : "the server and its bus";
    found.push({ what: which, kill: () => server.kill(), start: () => server.start() });
  }
  for (const [index, node] of (cluster?.nodes ?? []).entries()) {
    found.push({
      what: `node ${index + 1} of ${cluster?.nodes.length} of the bus`,
      kill: () => node.kill(),
      start: () => {
        node.start();
        return node.ready();
      },
    });
  }
  if (postgres !== undefined) {
    const [kill, start] = [() => postgres.kill(), () => postgres.restart()];
    found.push({ what: "PostgreSQL", kill, start });
  }
  return found;
}

/** One part is killed with SIGKILL during ingest, and comes back. */
export async function fault(site: Site, victim: Victim, times: FaultTimes): Promise<FaultResult> {
  await site.crowd.rate("violations", times.perSecond);
  await site.crowd.rate("deployments", times.perSecond);
  await delay(times.beforeMs);
  await victim.kill();
  await delay(times.goneMs);
  const began = performance.now();
  await victim.start();
  await delay(times.afterMs);
  await site.crowd.rate("violations", 0);
  await site.crowd.rate("deployments", 0);
  await site.settled(times.settleMs);
  return { what: victim.what, settledMs: performance.now() - began };
}

export interface FaultsResult {
  readonly faults: readonly FaultResult[];
  readonly difference: Difference;
}

/** Every part once, then the count. */
export async function faults(site: Site, times: FaultTimes): Promise<FaultsResult> {
  const found: FaultResult[] = [];
  for (const victim of victims(site)) {
    const result = await fault(site, victim, times);
    console.error(result);
    found.push(result);
  }
  return { faults: found, difference: await site.compare() };
}
