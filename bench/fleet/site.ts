// SPDX-License-Identifier: Apache-2.0
// A whole fleet for a measurement: PostgreSQL, nats-server, a server, simulated hosts; each a process whose processor time and memory are read.
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { openStore } from "../../src/fleet/store/index.ts";
import { NatsCluster } from "../../test/helpers/nats-cluster.ts";
import { TestPostgres } from "../../test/helpers/postgres.ts";
import { freePort } from "../../test/helpers/ports.ts";
import { built } from "../lib/galgo.ts";
import { ask, type FleetAccess } from "./api.ts";
import { CrowdOfAll } from "./crowd.ts";
import { type Difference, Ledger } from "./ledger.ts";
import type { CrowdReport } from "./orders.ts";
import { Meter, type Usage, usageOf } from "./processes.ts";
import { ServerProcess } from "./server.ts";

const LOOK_MS = 250;
/** Parts of the fleet itself: all but the simulated hosts. */
const CENTRAL = ["server", "nats-server", "postgres"] as const;

export interface SiteOptions {
  readonly hosts: number;
  readonly engine: "postgres" | "sqlite";
  /** Nodes of the bus: 1 is the one that the server starts itself (default). */
  readonly busNodes?: number;
  /** Servers side by side on one database and one bus. Default: 1. */
  readonly servers?: number;
  /** Of Node itself, for the servers. */
  readonly nodeArgs?: readonly string[];
}

interface SiteParts {
  readonly folder: string;
  readonly hosts: number;
  readonly postgres: TestPostgres | undefined;
  readonly cluster: NatsCluster | undefined;
  readonly busPorts: readonly number[];
  readonly servers: readonly ServerProcess[];
}

export class Site {
  readonly postgres: TestPostgres | undefined;
  readonly cluster: NatsCluster | undefined;
  readonly servers: readonly ServerProcess[];
  readonly busPorts: readonly number[];
  readonly crowd: CrowdOfAll;
  readonly meter: Meter;
  readonly ledger = new Ledger();
  readonly #folder: string;

  private constructor({ folder, hosts, postgres, cluster, busPorts, servers }: SiteParts) {
    this.#folder = folder;
    this.postgres = postgres;
    this.cluster = cluster;
    this.servers = servers;
    this.busPorts = busPorts;
    // two processors: the hosts are not to be one thread that waits for itself
    this.crowd = new CrowdOfAll(hosts, hosts > 200 ? 2 : 1);
    this.meter = this.#meter();
    process.once("exit", this.#end);
  }

  static async open(options: SiteOptions): Promise<Site> {
    built();
    endWithSignals();
    const { hosts, engine, busNodes = 1, servers: count = 1, nodeArgs = [] } = options;
    const folder = mkdtempSync(join(tmpdir(), "galgo-fleet-"));
    const postgres = engine === "postgres" ? await TestPostgres.start() : undefined;
    const own = (number: number): string => join(folder, `data-${number}`);
    const cluster =
      busNodes > 1 ? await NatsCluster.start({ dataRoot: own(1), nodes: busNodes }) : undefined;
    const busPorts = cluster?.nodes.map(({ port }) => port) ?? [await freePort()];
    const servers: ServerProcess[] = [];
    const site = new Site({ folder, hosts, postgres, cluster, busPorts, servers });
    try {
      for (let number = 1; number <= count; number++) {
        const bus = cluster?.urls ?? busPorts[0] ?? 0;
        const order = { data: own(number), port: await freePort(), bus };
        const server = new ServerProcess({ ...order, db: postgres?.url ?? "sqlite:" }, nodeArgs);
        // a second server gets a copy of the keys
        const keys = join(own(number), "keys");
        if (number > 1) cpSync(join(own(1), "keys"), keys, { recursive: true });
        servers.push(server);
        await server.start();
      }
    } catch (error) {
      await site.close();
      throw error;
    }
    site.meter.begin();
    return site;
  }

  /** The first one. */
  get server(): ServerProcess {
    const [server] = this.servers;
    if (server === undefined) throw new Error("a site without a server");
    return server;
  }

  get access(): FleetAccess {
    return this.server.access;
  }

  /** A token that enrols all hosts. */
  async token(): Promise<string> {
    const body = { uses: this.crowd.hosts + 10, seconds: 3_600 };
    const made = await ask<{ readonly token: string }>(this.access, "/api/v1/enrol-tokens", {
      body,
    });
    return made.token;
  }

  #meter(): Meter {
    const all = (pids: () => readonly number[], own = false): (() => Usage) => {
      return () => sumOf(pids().map((pid) => usageOf(pid, own)));
    };
    const { postgres, cluster } = this;
    const bus = (): number[] =>
      cluster?.nodes.map(({ pid }) => pid) ?? this.servers.map(({ busPid }) => busPid);
    const parts = {
      server: all(() => this.servers.map(({ pid }) => pid), true),
      "nats-server": all(bus),
      ...(postgres !== undefined && { postgres: all(() => [postgres.pid]) }),
      "simulated hosts": all(() => this.crowd.pids, true),
    };
    return new Meter(parts, CENTRAL);
  }

  /** What the hosts have done since the last report. @throws Error a fault in the simulator, or what the fleet said was refused */
  async report(): Promise<CrowdReport> {
    const report = await this.crowd.report();
    this.ledger.take(report);
    const [fault] = report.faults;
    if (fault !== undefined) throw new Error(`simulated hosts: ${fault}`);
    return report;
  }

  /** Waits until it holds of the hosts. @returns how long that took (ms) */
  async until(
    what: string,
    holds: (report: CrowdReport) => boolean,
    mostMs: number,
  ): Promise<number> {
    const began = performance.now();
    for (;;) {
      const report = await this.report();
      const took = performance.now() - began;
      if (holds(report)) return took;
      if (took > mostMs) {
        const { connected, hosts, waiting } = report;
        const state = `${connected} of ${hosts} connected, ${waiting} parcels wait`;
        throw new Error(`waited ${Math.round(took / 1_000)} s in vain until ${what}: ${state}`);
      }
      await delay(LOOK_MS);
    }
  }

  /** Everything that was told is committed. */
  settled(mostMs: number): Promise<number> {
    return this.until("all is committed", ({ waiting }) => waiting === 0, mostMs);
  }

  /** After `settled`. An embedded database has one user: its server is ended before. */
  async compare(): Promise<Difference> {
    const { workloads } = await this.report();
    if (this.postgres === undefined) await this.server.kill("SIGTERM");
    const url = this.postgres?.url ?? "sqlite:";
    const store = await openStore({ url, dataRoot: this.server.order.data });
    try {
      return await this.ledger.compare(store, workloads);
    } finally {
      await store.close();
    }
  }

  async close(): Promise<void> {
    this.meter.stop();
    this.crowd.stop();
    for (const server of this.servers) await server.stop();
    await this.cluster?.stop();
    await this.postgres?.stop();
    rmSync(this.#folder, { recursive: true, force: true });
    process.off("exit", this.#end);
  }

  /** When there is no time to wait for anything. */
  readonly #end = (): void => {
    const { postgres } = this;
    if (postgres !== undefined && postgres.pid > 0) process.kill(postgres.pid, "SIGINT");
    for (const folder of [this.#folder, postgres?.folder])
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  };
}

let ends = false;

/** What was started ends with this process, also when somebody stops it. PostgreSQL takes SIGINT for an end. */
function endWithSignals(): void {
  if (ends) return;
  ends = true;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.once(signal, () => process.exit(130));
}

function sumOf(all: readonly Usage[]): Usage {
  const sum = (of: (usage: Usage) => number): number =>
    all.reduce((total, usage) => total + of(usage), 0);
  return {
    cpu: sum(({ cpu }) => cpu),
    memory: sum(({ memory }) => memory),
    processes: sum(({ processes }) => processes),
  };
}
