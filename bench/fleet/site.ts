// SPDX-License-Identifier: Apache-2.0
// A whole fleet for a measurement: PostgreSQL, nats-server, a server, simulated hosts; each a process whose processor time and memory are read.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { openStore } from "../../src/fleet/store/index.ts";
import { TestPostgres } from "../../test/helpers/postgres.ts";
import { freePort } from "../../test/helpers/ports.ts";
import { ask, type FleetAccess } from "./api.ts";
import { CrowdOfAll } from "./crowd.ts";
import { type Difference, Ledger } from "./ledger.ts";
import type { CrowdReport } from "./orders.ts";
import { Meter, type Usage, usageOf } from "./processes.ts";
import { ServerProcess } from "./server.ts";

const LOOK_MS = 250;

export interface SiteOptions {
  readonly hosts: number;
  readonly engine: "postgres" | "sqlite";
  /** Of Node itself, for the server. */
  readonly nodeArgs?: readonly string[];
}

export class Site {
  readonly folder: string;
  readonly server: ServerProcess;
  readonly crowd: CrowdOfAll;
  readonly postgres: TestPostgres | undefined;
  readonly ledger = new Ledger();
  readonly meter: Meter;
  readonly busPort: number;

  private constructor(parts: {
    readonly folder: string;
    readonly server: ServerProcess;
    readonly postgres: TestPostgres | undefined;
    readonly hosts: number;
    readonly busPort: number;
  }) {
    this.folder = parts.folder;
    this.server = parts.server;
    this.postgres = parts.postgres;
    this.busPort = parts.busPort;
    // two processors: the hosts are not to be one thread that waits for itself
    this.crowd = new CrowdOfAll(parts.hosts, Math.min(2, Math.ceil(parts.hosts / 200)));
    this.meter = this.#meter();
  }

  static async open({ hosts, engine, nodeArgs = [] }: SiteOptions): Promise<Site> {
    const folder = mkdtempSync(join(tmpdir(), "galgo-fleet-"));
    const postgres = engine === "postgres" ? await TestPostgres.start() : undefined;
    const [port, busPort] = [await freePort(), await freePort()];
    const host = "127.0.0.1";
    const server = new ServerProcess(
      {
        dataRoot: join(folder, "data"),
        listen: { host, port },
        natsListen: { host, port: busPort },
        db: postgres?.url ?? "sqlite:",
      },
      nodeArgs,
    );
    await server.start();
    return new Site({ folder, server, postgres, hosts, busPort });
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
    const of =
      (read: () => number): (() => Usage) =>
      () =>
        usageOf(read());
    const { postgres } = this;
    return new Meter({
      server: () => usageOf(this.server.pid, true),
      "nats-server": of(() => this.server.busPid),
      ...(postgres !== undefined && { postgres: of(() => postgres.pid) }),
      "simulated hosts": () => sumOf(this.crowd.pids.map((pid) => usageOf(pid, true))),
    });
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

  /** After `settled`. */
  async compare(): Promise<Difference> {
    const { workloads } = await this.report();
    const url = this.postgres?.url ?? "sqlite:";
    const store = await openStore({ url, dataRoot: this.server.order.dataRoot });
    try {
      return await this.ledger.compare(store, workloads);
    } finally {
      await store.close();
    }
  }

  async close(): Promise<void> {
    this.meter.stop();
    await this.crowd.stop();
    await this.server.stop();
    await this.postgres?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
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
