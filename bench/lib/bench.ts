// SPDX-License-Identifier: Apache-2.0
// Runs one bench and keeps what it found, with the facts of the machine that a reader needs.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { renderResults } from "../report.ts";
import { CLI } from "./galgo.ts";
import {
  type BenchOutcome,
  type BenchResult,
  type Machine,
  RESULTS,
  readResults,
} from "./result.ts";

const ROOT: string = resolve(import.meta.dirname, "../..");

/** Runs one bench, writes bench/results/NAME.json, and RESULTS.md anew. */
export async function bench(
  name: string,
  work: () => Promise<BenchOutcome>,
): Promise<BenchOutcome> {
  const othersBefore = await busyShare();
  const started = new Date();
  const outcome = await work();
  const result: BenchResult = {
    bench: name,
    started: started.toISOString(),
    seconds: Math.round((Date.now() - started.getTime()) / 1_000),
    commit: commit(),
    machine: machine(),
    othersBefore,
    othersAfter: await busyShare(),
    tables: outcome.tables,
    verdicts: outcome.verdicts ?? [],
    notes: outcome.notes ?? [],
  };
  mkdirSync(RESULTS, { recursive: true });
  const file = join(RESULTS, `${name}.json`);
  writeFileSync(file, JSON.stringify(result, null, 2));
  // the check of this repository wants its JSON formatted, too
  spawnSync(join(ROOT, "node_modules/.bin/biome"), ["format", "--write", file], {
    stdio: "ignore",
  });
  writeFileSync(join(ROOT, "bench/RESULTS.md"), renderResults(readResults()));
  printOutcome(result);
  return outcome;
}

export function printOutcome({ tables, verdicts = [], notes = [] }: BenchOutcome): void {
  for (const table of tables) {
    console.log(`\n${table.title}`);
    console.table(
      table.rows.map((row) =>
        Object.fromEntries(table.columns.map((column, index) => [column, row[index] ?? ""])),
      ),
    );
  }
  for (const { what, budget, measured, met } of verdicts)
    console.log(`${met ? "met   " : "MISSED"} ${what}: ${measured} (budget ${budget})`);
  for (const note of notes) console.log(`note: ${note}`);
}

/** How much of all CPUs is in use while this process waits for a second (%). */
async function busyShare(): Promise<number> {
  const before = cpuTimes();
  await delay(1_000);
  const after = cpuTimes();
  const total = after.total - before.total;
  return total === 0 ? 0 : Math.round((100 * (after.busy - before.busy)) / total);
}

function cpuTimes(): { busy: number; total: number } {
  const sums = { busy: 0, total: 0 };
  for (const { times } of cpus()) {
    const busy = times.user + times.nice + times.sys + times.irq;
    sums.busy += busy;
    sums.total += busy + times.idle;
  }
  return sums;
}

function commit(): string {
  const git = (...args: string[]): string =>
    spawnSync("git", ["-C", ROOT, ...args], { encoding: "utf8" }).stdout.trim();
  const changed = git("status", "--porcelain", "--", "src", "native", "bpf") !== "";
  const other = CLI.startsWith(ROOT) ? "" : ", another build (GALGO_BENCH_CLI)";
  return `${git("rev-parse", "--short", "HEAD")}${changed ? " with uncommitted changes" : ""}${other}`;
}

function machine(): Machine {
  const all = cpus();
  return {
    kernel: release(),
    cpu: all[0]?.model.trim() ?? "unknown",
    cpus: all.length,
    memoryGiB: Math.round((totalmem() / 2 ** 30) * 10) / 10,
    node: process.version,
    mitigations: mitigations(),
    user: process.getuid?.() === 0 ? "root" : `uid ${process.getuid?.()}`,
  };
}

function mitigations(): string {
  const folder = "/sys/devices/system/cpu/vulnerabilities";
  try {
    const active = readdirSync(folder)
      .map((name) => [name, readFileSync(join(folder, name), "utf8").trim()] as const)
      .filter(([, text]) => text !== "Not affected")
      .map(([name, text]) => `${name}: ${text.replace(/^Mitigation: /, "")}`);
    return active.length === 0 ? "none needed" : active.join("; ");
  } catch {
    return "unknown";
  }
}
