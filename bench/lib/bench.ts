// SPDX-License-Identifier: Apache-2.0
// Runs one bench and keeps what it found, with the facts of the machine that a reader needs.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { join, resolve } from "node:path";
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
export async function bench(name: string, work: () => Promise<BenchOutcome>): Promise<void> {
  const started = new Date();
  const loadBefore = load();
  const outcome = await work();
  const result: BenchResult = {
    bench: name,
    started: started.toISOString(),
    seconds: Math.round((Date.now() - started.getTime()) / 1_000),
    commit: commit(),
    machine: machine(),
    loadBefore,
    loadAfter: load(),
    tables: outcome.tables,
    verdicts: outcome.verdicts ?? [],
    notes: outcome.notes ?? [],
  };
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(join(RESULTS, `${name}.json`), `${JSON.stringify(result, null, 2)}\n`);
  writeFileSync(join(ROOT, "bench/RESULTS.md"), renderResults(readResults()));
  printOutcome(result);
}

function printOutcome(result: BenchResult): void {
  for (const table of result.tables) {
    console.log(`\n${table.title}`);
    console.table(
      table.rows.map((row) =>
        Object.fromEntries(table.columns.map((column, index) => [column, row[index] ?? ""])),
      ),
    );
  }
  for (const { what, budget, measured, met } of result.verdicts)
    console.log(`${met ? "met   " : "MISSED"} ${what}: ${measured} (budget ${budget})`);
  for (const note of result.notes) console.log(`note: ${note}`);
}

function load(): number {
  return Math.round((loadavg()[0] ?? 0) * 100) / 100;
}

function commit(): string {
  const git = (...args: string[]): string =>
    spawnSync("git", ["-C", ROOT, ...args], { encoding: "utf8" }).stdout.trim();
  const changed = git("status", "--porcelain", "--", "src", "native") !== "";
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
