// SPDX-License-Identifier: Apache-2.0
// From a violation to the end of the last of 100 processes: by cgroup, and where there is none by walking the tree.
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bench } from "./lib/bench.ts";
import { CLI, Galgo, type GalgoOptions, VIOLATED } from "./lib/galgo.ts";
import { Lab, failure, finished } from "./lib/lab.ts";
import type { BenchOutcome, Verdict } from "./lib/result.ts";
import { digits, highest, median, quantile } from "./lib/stats.ts";

const ROUNDS = 25;
const PROCESSES = 100;
const BUDGET_MS = 20;
/** An ordinary user, who may not make cgroups. */
const ORDINARY = 1_000;

const ID = String(ORDINARY);
const AS_ORDINARY: readonly string[] = ["setpriv", "--reuid", ID, "--regid", ID, "--clear-groups"];

interface Way {
  readonly label: string;
  readonly name: string;
  /** Processes that keep opening a file while the workload is killed. */
  readonly busy: number;
  readonly ordinary: boolean;
}

const WAYS: readonly Way[] = [
  { label: "root", name: "kill-root", busy: 0, ordinary: false },
  {
    label: "root, 20 of them opening files all the time",
    name: "kill-root-busy",
    busy: 20,
    ordinary: false,
  },
  { label: `uid ${ORDINARY}`, name: "kill-user", busy: 0, ordinary: true },
  {
    label: `uid ${ORDINARY}, 20 of them opening files all the time`,
    name: "kill-user-busy",
    busy: 20,
    ordinary: true,
  },
];

async function measure(): Promise<BenchOutcome> {
  const lab = new Lab("kill");
  const root = process.getuid?.() === 0;
  // what the ordinary user writes to and reads is below the lab, too
  chmodSync(lab.folder, 0o755);
  const { ways, notes } = waysHere(root);
  const rows: string[][] = [];
  const verdicts: Verdict[] = [];
  for (const way of ways) {
    const site = await prepare(lab, way);
    const measured: Killed[] = [];
    for (let round = 0; round < ROUNDS; round++) measured.push(await once(lab, site));
    const ms = measured.map(({ ns }) => ns / 1e6);
    const how = [...new Set(measured.map(({ by }) => by))].join(", ");
    rows.push([
      way.label,
      how,
      digits(median(ms)),
      digits(quantile(ms, 0.99)),
      digits(highest(ms)),
    ]);
    verdicts.push({
      what: `violation to the last of ${PROCESSES} processes dead, ${way.label}, median`,
      budget: `<= ${BUDGET_MS} ms`,
      measured: `${digits(median(ms))} ms`,
      met: median(ms) <= BUDGET_MS,
    });
  }
  lab.close();
  const columns = ["as", "killed by", "median", "p99", "max"];
  const title = `violation to the last process dead (ms, ${ROUNDS} rounds)`;
  return { tables: [{ title, columns, rows }], verdicts, notes };
}

/** What can be tried here: root tries both users, others themselves. */
function waysHere(root: boolean): { ways: readonly Way[]; notes: readonly string[] } {
  const plain = WAYS.filter((way) => !way.ordinary);
  if (!root) {
    const ways = plain.map((way) => ({ ...way, label: way.label.replace("root", "this user") }));
    return { ways, notes: ["not run by root: only one user was tried"] };
  }
  if (ordinaryWorks()) return { ways: WAYS, notes: [] };
  return {
    ways: plain,
    notes: [
      `setpriv, Node or this checkout is out of reach for uid ${ORDINARY}: not tried as that`,
    ],
  };
}

/** Whether an ordinary user can run this Galgo at all. */
function ordinaryWorks(): boolean {
  const [program = "", ...args] = [...AS_ORDINARY, process.execPath, CLI, "--version"];
  return spawnSync(program, args, { cwd: "/", stdio: "ignore" }).status === 0;
}

interface Site {
  readonly galgo: Galgo;
  readonly way: Way;
  readonly options: GalgoOptions;
  readonly folder: string;
  readonly fifo: string;
  readonly model: string;
}

interface Killed {
  readonly ns: number;
  readonly by: string;
}

/** Learns the workload with a file that it may open. */
async function prepare(lab: Lab, way: Way): Promise<Site> {
  const galgo = new Galgo(lab, `state-${way.name}`);
  const folder = lab.sub(way.name);
  const fifo = join(folder, "fifo");
  execFileSync("mkfifo", [fifo]);
  for (const name of ["allowed", "busy", "other"]) writeFileSync(join(folder, name), "x\n");
  mkdirSync(lab.sub("models"), { recursive: true });
  if (way.ordinary) {
    for (const path of [galgo.state, folder, fifo, lab.sub("models")])
      chownSync(path, ORDINARY, ORDINARY);
  }
  const options: GalgoOptions = way.ordinary
    ? { prefix: AS_ORDINARY, env: { ...process.env, HOME: folder }, cwd: folder }
    : { cwd: folder };
  const watch = watchEnd(lab, fifo);
  const model = await galgo.learn(
    way.name,
    workload(lab, { way, folder, fifo }, "allowed"),
    options,
  );
  await watch;
  return { galgo, way, options, folder, fifo, model };
}

function workload(
  lab: Lab,
  { way, folder, fifo }: Pick<Site, "way" | "folder" | "fifo">,
  file: string,
): string[] {
  const files = [join(folder, file), join(folder, "busy")];
  return [lab.program("spawn100"), fifo, ...files, String(PROCESSES), String(way.busy)];
}

interface End {
  readonly pids: readonly number[];
  readonly ns: number;
}

async function watchEnd(lab: Lab, fifo: string): Promise<End> {
  const { stdout } = await lab.succeed([lab.program("watch-end"), fifo], { timeoutMs: 60_000 });
  return JSON.parse(stdout) as End;
}

async function once(lab: Lab, site: Site): Promise<Killed> {
  const { galgo, way, model, options } = site;
  const watch = watchEnd(lab, site.fifo);
  const argv = galgo.modeCommand("enforce", way.name, workload(lab, site, "other"), {
    ...options,
    model,
    policy: "kill",
  });
  const child = lab.start(argv, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...galgo.env, ...options.env, GALGO_STATE_DIR: galgo.state },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const ran = await finished(child, process.hrtime.bigint(), 60_000);
  if (ran.status !== VIOLATED) throw new Error(failure(argv, ran));
  const { pids, ns } = await watch;
  if (pids.length !== PROCESSES || ns < 0)
    throw new Error(`${pids.length} of ${PROCESSES} processes were there, after ${ns} ns`);
  const left = pids.filter(alive);
  if (left.length > 0) throw new Error(`processes ${left.join(", ")} outlived the run`);
  return { ns, by: killedBy(site) };
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** How the run says that it kills. */
function killedBy({ galgo, way }: Site): string {
  return galgo.facts(way.name).features.includes("cgroup") ? "cgroup" : "the guard's walk";
}

await bench("kill", measure);
