// SPDX-License-Identifier: Apache-2.0
// A host and its fleet on loopback: how long a verdict takes through the fleet and from what the host knows, and how long it is from an
// order to kill until the last process is dead, and until the fleet knows. Server, nats-server, SQLite and daemon share this machine.
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import type { ManagedRun } from "../src/daemon/registry/managed-run.ts";
import { FleetRulings } from "../src/fleet/verdicts/rulings.ts";
import { siblingModule, startThread } from "../src/native/start-thread.ts";
import type { CommandRow } from "../src/wire/api/index.ts";
import { DaemonPlace } from "../test/helpers/daemon-place.ts";
import { FleetServer } from "../test/helpers/fleet-server.ts";
import { type Joined, joinedDaemon } from "../test/helpers/joined-daemon.ts";
import { bench } from "./lib/bench.ts";
import type { BenchOutcome } from "./lib/result.ts";
import { digits, highest, median, quantile } from "./lib/stats.ts";

const VERDICTS = 500;
const KILLS = 25;
const PROCESSES = 20;
const MODEL = createHash("sha256").update("a model").digest("hex");

async function measure(): Promise<BenchOutcome> {
  const fleet = await FleetServer.start();
  const place = new DaemonPlace();
  const joined = await joinedDaemon(place, fleet);
  try {
    await fleet.api("/api/v1/verdict-policy", { body: { model: MODEL, unknown: "ask" } });
    const verdicts = await verdictTimes(fleet, joined);
    const kills: Killed[] = [];
    for (let round = 0; round < KILLS; round += 1)
      kills.push(await killed({ fleet, place, joined }));
    const row = (what: string, ms: readonly number[]): string[] => [
      what,
      digits(median(ms)),
      digits(quantile(ms, 0.99)),
      digits(highest(ms)),
    ];
    const columns = ["from what to what", "p50", "p99", "max"];
    const rows = [
      row("question to verdict, through the fleet", verdicts.asked),
      row("question to verdict, known to the host", verdicts.known),
      row(
        `order to kill to the last of ${PROCESSES} processes dead`,
        kills.map(({ deadMs }) => deadMs),
      ),
      row(
        "order to kill to its result in the fleet",
        kills.map(({ knownMs }) => knownMs),
      ),
    ];
    const dead = quantile(
      kills.map(({ deadMs }) => deadMs),
      0.99,
    );
    return {
      tables: [
        { title: `a host and its fleet (ms; ${VERDICTS} verdicts, ${KILLS} kills)`, columns, rows },
      ],
      verdicts: [
        {
          what: "order to kill to the workload dead, one host, p99",
          budget: "<= 1,000 ms",
          measured: `${digits(dead)} ms`,
          met: dead <= 1_000,
        },
      ],
      notes: [
        "server, nats-server, database and daemon in processes of this machine; the server and the daemon share one",
      ],
    };
  } finally {
    for (const run of joined.daemon.registry.list()) run.kill("the bench is over");
    await joined.daemon.stop("the bench is over");
    place.remove();
    await fleet.close();
  }
}

/** Behaviours that were ruled about while this host was not told of it: their first question goes to the fleet, the second does not. */
async function verdictTimes(
  fleet: FleetServer,
  { daemon }: Joined,
): Promise<{ asked: readonly number[]; known: readonly number[] }> {
  const { store, keys } = fleet.context;
  const rulings = new FleetRulings({
    ...{ store, signer: keys.command, now: () => Date.now() },
    unknown: async () => undefined,
  });
  const behaviours = Array.from({ length: VERDICTS }, () => randomBytes(32).toString("hex"));
  for (const coefficient of behaviours)
    await rulings.decide({ model: MODEL, coefficient, verdict: "allow", by: "bench", reason: "" });
  const times = await askedFromThread(daemon.sockets.verdict, behaviours);
  return times;
}

/** As a thread that decides asks: synchronously, so in a thread of its own. */
async function askedFromThread(
  socket: string,
  behaviours: readonly string[],
): Promise<{ asked: readonly number[]; known: readonly number[] }> {
  const worker = startThread(siblingModule(import.meta.url, "./lib/verdict-asker"), {
    workerData: { socket, behaviours, model: MODEL },
  });
  return await new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}

interface Killed {
  readonly deadMs: number;
  readonly knownMs: number;
}

interface Site {
  readonly fleet: FleetServer;
  readonly place: DaemonPlace;
  readonly joined: Joined;
}

async function killed({ fleet, place, joined }: Site): Promise<Killed> {
  const script = `for i in $(seq ${PROCESSES - 1}); do sleep 1000 & echo $! >>"$0"; done; echo up >>"$0"; sleep 1000`;
  const file = join(place.folder, randomBytes(4).toString("hex"));
  const run = place.launch(joined.daemon, ["sh", "-c", script, file], { name: "victim" });
  await run.started;
  while (!existsSync(file) || !readFileSync(file, "utf8").includes("up")) await after(5);
  const pids = readFileSync(file, "utf8")
    .split("\n")
    .map(Number)
    .filter((pid) => pid > 0);
  const began = performance.now();
  const order = { kind: "kill", target: { hosts: [joined.host], select: { workloads: [run.id] } } };
  const answer = await fleet.api("/api/v1/commands", { body: order });
  const { id } = answer.body as CommandRow;
  const deadMs = (await dead(run, pids)) - began;
  for (;;) {
    const { body } = await fleet.api(`/api/v1/commands/${id}`);
    if ((body as CommandRow).hosts.done > 0) return { deadMs, knownMs: performance.now() - began };
    await after(2);
  }
}

async function dead(run: ManagedRun, pids: readonly number[]): Promise<number> {
  const all = [...pids, ...run.pids];
  while (all.some((pid) => isAlive(pid))) await after(1);
  return performance.now();
}

/** A zombie has ended. */
function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(")") + 2));
  } catch {
    return false;
  }
}

await bench("fleet-host", measure);
