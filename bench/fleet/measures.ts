// SPDX-License-Identifier: Apache-2.0
// What is measured of a fleet: what it costs when nothing is new, how soon a violation is seen, how soon a command is carried out, how it comes back.
import { setTimeout as delay } from "node:timers/promises";
import type { CommandOrder, CommandRow } from "../../src/wire/api/index.ts";
import type { CommandKind, WorkloadSelector } from "../../src/wire/link/index.ts";
import { ask, LiveStream } from "./api.ts";
import type { Window } from "./processes.ts";
import type { Site } from "./site.ts";
import { bytesAnHour, type Bytes, trafficOf } from "./traffic.ts";

export interface Quiet {
  readonly parts: ReadonlyMap<string, Window>;
  /** Of one host in an hour (bytes). */
  readonly traffic: Bytes;
}

/** Heartbeats and nothing else. */
export async function quiet(site: Site, seconds: number): Promise<Quiet> {
  site.meter.begin();
  const [before, began] = [trafficOf(site.busPorts, site.crowd.pids), performance.now()];
  await delay(seconds * 1_000);
  const parts = site.meter.end();
  const after = trafficOf(site.busPorts, site.crowd.pids);
  return { parts, traffic: bytesAnHour(before, after, (performance.now() - began) / 1_000) };
}

export interface Seen {
  /** From the host to the stream of a console (ms). */
  readonly ms: readonly number[];
  /** Told, and not seen in the stream. */
  readonly unseen: number;
  readonly parts: ReadonlyMap<string, Window>;
}

export interface Load {
  readonly violations: number;
  readonly deployments: number;
  readonly seconds: number;
}

/** Violations and deployments at a rate (per second), while a console listens. */
export async function seen(site: Site, load: Load): Promise<Seen> {
  const arrived = new Map<string, bigint>();
  const stream = await LiveStream.open(site.access, ({ event, data, ns }) => {
    if (event === "violation") arrived.set((JSON.parse(data) as { readonly id: string }).id, ns);
  });
  // what was told before is not of this measurement
  await site.report();
  site.meter.begin();
  await site.crowd.rate("violations", load.violations);
  await site.crowd.rate("deployments", load.deployments);
  await delay(load.seconds * 1_000);
  await site.crowd.rate("violations", 0);
  await site.crowd.rate("deployments", 0);
  const parts = site.meter.end();
  await delay(2_000);
  const { violations } = await site.report();
  stream.close();
  const ms = violations.flatMap(([id, ns]) => {
    const at = arrived.get(id);
    return at === undefined ? [] : [Number(at - BigInt(ns)) / 1e6];
  });
  return { ms, unseen: violations.length - ms.length, parts };
}

export interface Commanded {
  /** Hosts that were meant. */
  readonly hosts: number;
  /** From the order to the last host that has it (ms), and until all results are in the fleet's list. */
  readonly arrivedMs: number;
  readonly answeredMs: number;
}

type CommandAnswer = Pick<CommandRow, "id" | "hosts">;

/** @param select workloads on all hosts, or `{ all: true }`: the hosts themselves */
export async function command(
  site: Site,
  kind: CommandKind,
  select: WorkloadSelector,
): Promise<Commanded> {
  await site.report();
  const [began, ns] = [performance.now(), process.hrtime.bigint()];
  const body: CommandOrder = { kind, target: { hosts: "all", select }, args: {} };
  const { id } = await ask<CommandAnswer>(site.access, "/api/v1/commands", { body });
  let answer: CommandAnswer;
  for (;;) {
    answer = await ask<CommandAnswer>(site.access, `/api/v1/commands/${id}`);
    if (answer.hosts.total > 0 && answer.hosts.done === answer.hosts.total) break;
    if (performance.now() - began > 60_000)
      throw new Error(`${kind}: ${answer.hosts.done} of ${answer.hosts.total} hosts have answered`);
    await delay(100);
  }
  const answeredMs = performance.now() - began;
  const { commands } = await site.report();
  const last = commands.reduce((most, [, at]) => (BigInt(at) > most ? BigInt(at) : most), ns);
  return { hosts: answer.hosts.total, arrivedMs: Number(last - ns) / 1e6, answeredMs };
}

export interface Storm {
  /** From the moment at which the bus is there again until all are connected (ms). */
  readonly backMs: number;
  readonly hosts: number;
}

/** The server and its bus are killed and come back: all hosts at once want in. */
export async function storm(site: Site): Promise<Storm> {
  await site.server.kill();
  await site.until("all have noticed", ({ connected }) => connected === 0, 30_000);
  const began = performance.now();
  await site.server.start();
  await site.until("all are back", ({ connected, hosts }) => connected === hosts, 120_000);
  return { backMs: performance.now() - began, hosts: site.crowd.hosts };
}
