// SPDX-License-Identifier: Apache-2.0
// `GET /metrics` of the server, for Prometheus with an API token. What is in the database is the same on all servers; the rest is of this one.
import { jetstreamManager } from "@nats-io/jetstream";
import { type Metric, Registry } from "prom-client";
import { sql } from "kysely";
import type { FleetContext, FleetPart } from "../server/context.ts";
import { EVENT_CONSUMER, EVENT_STREAM } from "../../wire/link/index.ts";
import { LATE_MS } from "../views/limits.ts";
import { type Family, family } from "./families.ts";

/** How long the bus may take to say what waits in it. */
const STREAM_MS = 2_000;

export const metricsPart: FleetPart = {
  name: "metrics",
  start: async (context) => {
    const { app, role } = context.http;
    app.get("/metrics", role("viewer"), async (c) => {
      const registry = new Registry();
      const families = [
        ...ingestFamilies(context),
        ...serverFamilies(context),
        ...spoolFamilies(context),
        ...(await streamFamilies(context)),
        ...(await databaseFamilies(context)),
      ];
      for (const one of families) registry.registerMetric(one as unknown as Metric);
      return c.body(await registry.metrics(), 200, { "content-type": registry.contentType });
    });
    return { close: async () => undefined };
  },
};

function counter(
  name: string,
  help: string,
  values: number | Readonly<Record<string, number>>,
): Family {
  return family({ type: "counter", name: `galgo_fleet_${name}_total`, help }, values);
}

function gauge(
  name: string,
  help: string,
  values: number | Readonly<Record<string, number>>,
): Family {
  return family({ type: "gauge", name: `galgo_fleet_${name}`, help }, values);
}

function ingestFamilies({ services }: FleetContext): readonly Family[] {
  const { counts } = services.ingest.value;
  const { count, refused } = services.heartbeats.value;
  return [
    counter("parcels", "Parcels of hosts by what became of them at this server", {
      stored: counts.parcels,
      duplicate: counts.duplicates,
      "put aside": counts.rejected,
      refused: counts.refused,
    }),
    counter("items", "Items that this server stored", counts.items),
    counter("violations", "Violations that this server stored", counts.violations),
    counter("batches", "Transactions of ingest", counts.batches),
    counter("batch_seconds", "Time that transactions of ingest took", counts.spentMs / 1_000),
    counter("database_failures", "Times that the database did not take a batch", counts.failures),
    counter("heartbeats", "Heartbeats of hosts", { read: count, refused }),
    gauge(
      "waiting_parcels",
      "Parcels that this server has taken from the bus and not stored yet",
      services.consumer.maybe?.waiting ?? 0,
    ),
  ];
}

function serverFamilies({ bus, services }: FleetContext): readonly Family[] {
  const hub = services.hub.value;
  const { user, system } = process.cpuUsage();
  return [
    gauge("bus_connected", "Whether this server is connected to the bus", bus.isConnected ? 1 : 0),
    counter("bus_reconnects", "Times that the connection to the bus came back", bus.reconnects),
    gauge("consoles", "Consoles that listen to this server", hub.listeners),
    counter("live_events", "Events that consoles of this server were told of", hub.heard),
    gauge("resident_bytes", "Memory of this server", process.memoryUsage.rss()),
    counter("cpu_seconds", "Time of processors that this server took", (user + system) / 1e6),
  ];
}

/** Of hosts that this server has heard since it began. */
function spoolFamilies({ services }: FleetContext): readonly Family[] {
  let bytes = 0;
  let dropped = 0;
  for (const { beat } of services.heartbeats.value.heard.values()) {
    bytes += beat.spool.bytes;
    dropped += beat.spool.dropped ?? 0;
  }
  return [
    gauge("spool_bytes", "What waits on the disks of hosts", bytes),
    gauge("spool_dropped", "Items that hosts had to drop since their spools began", dropped),
  ];
}

/** What waits in the bus for all servers; nothing of it while the bus does not answer. */
async function streamFamilies({ bus }: FleetContext): Promise<readonly Family[]> {
  try {
    const manager = await jetstreamManager(bus.connection, {
      checkAPI: false,
      timeout: STREAM_MS,
    });
    const { num_pending, num_ack_pending } = await manager.consumers.info(
      EVENT_STREAM,
      EVENT_CONSUMER,
    );
    const waiting = { "not taken": num_pending, "not committed": num_ack_pending };
    return [gauge("stream_parcels", "Parcels in the bus that no server has committed", waiting)];
  } catch {
    return [];
  }
}

async function databaseFamilies({
  store: { db },
  services,
  now,
}: FleetContext): Promise<readonly Family[]> {
  const hosts = await db.selectFrom("hosts").select(["id", "last_seen", "revoked_at"]).execute();
  const heartbeats = services.heartbeats.value;
  const status = { connected: 0, away: 0, revoked: 0 };
  for (const { id, last_seen, revoked_at } of hosts) {
    const seen = Math.max(heartbeats.seen(id) ?? 0, last_seen ?? 0);
    if (revoked_at !== null) status.revoked += 1;
    else if (now() - seen < LATE_MS) status.connected += 1;
    else status.away += 1;
  }
  const { rows } = await sql<{ mode: string; n: number; outside: number; states: number }>`
    select mode, count(*) as n, count(case when violations > 0 then 1 end) as outside from workloads where gone = 0 group by mode`.execute(
    db,
  );
  const { states } = await db
    .selectFrom("workloads")
    .select(sql<number>`count(distinct state)`.as("states"))
    .where("gone", "=", 0)
    .executeTakeFirstOrThrow();
  return [
    gauge("hosts", "Hosts by whether their heartbeats come", status),
    gauge(
      "workloads",
      "Workloads that run, by mode",
      Object.fromEntries(rows.map(({ mode, n }) => [mode, n])),
    ),
    gauge(
      "workloads_outside",
      "Workloads that run and have violated their model",
      rows.reduce((sum, { outside }) => sum + outside, 0),
    ),
    gauge("states", "States that these workloads are in", states),
  ];
}
