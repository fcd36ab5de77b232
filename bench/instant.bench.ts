// SPDX-License-Identifier: Apache-2.0
// Being looked at: what it costs the thread that decides that others see counts of one instant, and what held calls of a workload notice
// when evidence of a namespace with many points is made while they wait.
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { aFile, anEvent } from "../test/helpers/events.ts";
import type { SecurityEvent } from "../src/event/index.ts";
import { BUILTIN_PROFILES } from "../src/model/index.ts";
import { prepareBench } from "../src/orchestrator/bench.ts";
import { newHeartbeatBuffer, openLivePoints } from "../src/orchestrator/live/index.ts";
import type { WorkerSetup } from "../src/orchestrator/worker-protocol.ts";
import { bench } from "./lib/bench.ts";
import { ClientError } from "../src/daemon/client/index.ts";
import { BenchDaemon, STARTER, until } from "./lib/daemon.ts";
import { Galgo } from "./lib/galgo.ts";
import { heldFolder, type HeldRun } from "./lib/held.ts";
import { Lab } from "./lib/lab.ts";
import type { BenchOutcome, BenchTable } from "./lib/result.ts";
import { digits, median, quantile, times, us, withRange } from "./lib/stats.ts";

const ROUNDS = 5;
const EVENTS = 300_000;
const POINTS = 2_000;
const SAMPLES = 24_000;
const WARM_UP = 2_000;
/** A pause of "often" (ms). */
const EVERY_MS = 100;
const STALL_BUDGET = 2;

/** How evidence is asked for while calls are held. */
const CASES = ["never", "often", "without a pause"] as const;
type Case = (typeof CASES)[number];

interface Stalled {
  readonly open: { readonly p50: number; readonly p99: number; readonly max: number };
  /** Of each piece of evidence (ms). */
  readonly evidenceMs: readonly number[];
}

interface Site {
  readonly lab: Lab;
  readonly daemon: BenchDaemon;
  readonly command: readonly string[];
}

async function measure(): Promise<BenchOutcome> {
  const lab = new Lab("instant");
  const published = publishing(lab);
  const galgo = new Galgo(lab);
  const key = join(lab.folder, "key.pem");
  await lab.succeed(galgo.command(["key", "new", "-o", key]), { env: galgo.env });
  for (let n = 0; n < POINTS; n++) lab.write(`many/f${n}`, "x");
  const daemon = await BenchDaemon.start(
    lab,
    "daemon",
    `[attest]\nkey = "${key}"\nplatform = "none"\n`,
  );
  const held = [
    lab.program("held"),
    heldFolder(lab),
    String(SAMPLES),
    String(WARM_UP),
    "0",
    "open",
  ];
  const many = [lab.program("many-files"), join(lab.folder, "many"), String(POINTS)];
  const script = `${many.join(" ")} >/dev/null && exec ${held.join(" ")}`;
  const site = { lab, daemon, command: ["sh", "-c", script] };
  const found: Record<Case, Stalled[]> = { never: [], often: [], "without a pause": [] };
  for (let round = 0; round < ROUNDS; round++)
    for (const how of CASES) found[how].push(await stall(site, how));
  await daemon.stop();
  lab.close();
  return outcomeOf(published, found);
}

// --- publishing -----------------------------------------------------------------------------------------------------------

/** CPU time for an event (us), seen from outside or not, one value a round. */
function publishing(lab: Lab): { readonly alone: number[]; readonly seen: number[] } {
  const found = { alone: [] as number[], seen: [] as number[] };
  for (let round = -1; round < ROUNDS; round++) {
    // the other way round each time
    const order = round % 2 === 0 ? (["alone", "seen"] as const) : (["seen", "alone"] as const);
    for (const how of order) {
      const each = decideAll(lab.sub(`publish-${how}-${round}`), how === "seen");
      if (round >= 0) found[how].push(each);
    }
  }
  return found;
}

function decideAll(folder: string, isSeen: boolean): number {
  const profile = BUILTIN_PROFILES.portable;
  const tma = {
    mapping: "tsem-v4",
    digest: "sha256",
    profile,
    points: [],
    pseudonyms: [],
  } as const;
  const names = ["trajectory", "forensics", "unreadable", "processes"] as const;
  const [trajectory = "", forensics = "", unreadable = "", processes = ""] = names.map((name) =>
    join(folder, name),
  );
  const live = isSeen ? openLivePoints(tma) : undefined;
  const setup: WorkerSetup = {
    ...{ heartbeat: newHeartbeatBuffer(), mode: "free", onViolation: "observe" },
    ...{ tma: { ...tma, sealed: false }, stateRoot: folder },
    ...{ trajectory, forensics, unreadable, processes },
    ...(live === undefined ? {} : { shared: live.link }),
  };
  const nothing = (): void => undefined;
  const { namespace } = prepareBench(setup, { post: nothing, kill: nothing });
  const events: readonly SecurityEvent[] = Array.from({ length: POINTS }, (_, n) =>
    anEvent("file_open", { file: aFile(`/srv/data/${n}`) }),
  );
  const decide = (count: number): void => {
    for (let n = 0; n < count; n++) {
      const event = events[n % POINTS];
      if (event !== undefined) namespace.decide(event, false);
      namespace.answered(true);
    }
  };
  decide(POINTS * 10);
  const before = process.cpuUsage();
  decide(EVENTS);
  const { user, system } = process.cpuUsage(before);
  namespace.finish();
  live?.points.close();
  return (user + system) / EVENTS;
}

// --- stalling -------------------------------------------------------------------------------------------------------------

/** Calls of a workload with many points, while evidence of it is made. */
async function stall({ lab, daemon, command }: Site, how: Case): Promise<Stalled> {
  const out = join(lab.folder, "out");
  const fd = openSync(out, "w");
  const argv = [STARTER, "run", "--name", "looked-at", "--", ...command];
  const child = lab.start(argv, { env: daemon.env, stdio: ["ignore", fd, "inherit"] });
  closeSync(fd);
  let over = false;
  const ended = new Promise<void>((done, fail) => {
    child.once("exit", (code) => {
      over = true;
      if (code === 0) done();
      else fail(new Error(`the workload ended with ${code}`));
    });
  });
  ended.catch(() => undefined);
  await until("the workload has its points", async () => {
    if (over) throw new Error("the workload ended early");
    return (await daemon.client.workload("looked-at")).counts.points >= POINTS;
  });
  const evidenceMs: number[] = [];
  while (how !== "never" && !over) {
    const from = performance.now();
    const asked = await daemon.client
      .evidence("looked-at", { nonce: "ab".repeat(32), form: "jwt" })
      .catch((error: unknown) => error);
    // its last call may have been in between
    if (asked instanceof ClientError && isOver(asked)) break;
    if (asked instanceof Error) throw asked;
    evidenceMs.push(performance.now() - from);
    if (how === "often") await delay(EVERY_MS);
  }
  await ended;
  const { open } = JSON.parse(readFileSync(out, "utf8")) as HeldRun;
  if (open === undefined) throw new Error("held has measured no open");
  return { open, evidenceMs };
}

function isOver({ facts: { status } }: ClientError): boolean {
  return status === 404 || status === 409;
}

// --- what was found -------------------------------------------------------------------------------------------------------

const LABELS: Readonly<Record<Case, string>> = {
  never: "no evidence",
  often: `evidence, ${EVERY_MS} ms, evidence, ...`,
  "without a pause": "evidence without a pause",
};

function outcomeOf(
  { alone, seen }: ReturnType<typeof publishing>,
  found: Readonly<Record<Case, readonly Stalled[]>>,
): BenchOutcome {
  const costs = seen.map((each, round) => 1_000 * (each - (alone[round] ?? Number.NaN)));
  const of = (how: Case, what: keyof Stalled["open"]): number =>
    median(found[how].map(({ open }) => open[what]));
  const ratio = of("often", "p99") / of("never", "p99");
  const publish: BenchTable = {
    title: `a known event in the thread that decides (CPU us, median and range of ${ROUNDS} rounds of ${EVENTS.toLocaleString("en-US")})`,
    columns: ["nobody looks", "seen from outside", "publishing, ns an event"],
    rows: [[withRange(alone, digits), withRange(seen, digits), withRange(costs, digits)]],
  };
  const stalled: BenchTable = {
    title: `held open of a workload with ${POINTS} points and more, free, in a daemon (us, median of ${ROUNDS} runs of ${SAMPLES.toLocaleString("en-US")} calls)`,
    columns: [
      "meanwhile",
      "p50",
      "p99",
      "max",
      "p99, times without",
      "evidence p50 / p99, ms",
      "of",
    ],
    rows: CASES.map((how) => {
      const all = found[how].flatMap(({ evidenceMs }) => evidenceMs);
      const ms =
        all.length === 0 ? "" : [0.5, 0.99].map((q) => digits(quantile(all, q))).join(" / ");
      const [p50, p99, max] = (["p50", "p99", "max"] as const).map((what) => of(how, what));
      const share = times((p99 ?? Number.NaN) / of("never", "p99"));
      return [LABELS[how], us(p50 ?? 0), us(p99 ?? 0), us(max ?? 0), share, ms, String(all.length)];
    }),
  };
  return {
    tables: [publish, stalled],
    verdicts: [
      {
        what: `p99 of held calls while evidence of ${POINTS} points is made every ${EVERY_MS} ms, times that without`,
        budget: `<= ${STALL_BUDGET}x`,
        measured: times(ratio),
        met: ratio <= STALL_BUDGET,
      },
    ],
    notes: [
      "a run that nobody looks at from outside (no daemon, no --attest-key, no --quixote-socket) publishes nothing",
      "evidence: asked for over the daemon's API, signed with an Ed25519 key, no platform; without a pause the daemon's main thread, the bench, the workload and the thread that decides share the processors",
    ],
  };
}

await bench("instant", measure);
