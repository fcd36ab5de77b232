// SPDX-License-Identifier: Apache-2.0
// Runs the tests with node:test: unit tests side by side, then, one file at a time, those that start workloads.
// Usage: test.ts [FILTER...]   a file runs when its path holds one of the filters.
// GALGO_FORBID_SKIP=1: a skipped test fails the run unless scripts/allowed-skips.json names it.
import { type Dirent, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { type AllowedSkip, type TestEvent, TestTally } from "./test-tally.ts";

const ROOT = resolve(import.meta.dirname, "..");
const FOLDERS = ["src", "scripts", "test", "bench"].filter((name) => existsSync(join(ROOT, name)));
const SERIAL = /^test\/(?:system|attacks|workloads|house|web|e2e)\/|^test\/[^/]*$/;
const UNIT_TIMEOUT_MS = 5 * 60_000;
const SERIAL_TIMEOUT_MS = 20 * 60_000;
/** The counters that node:test prints after each of our two runs; ours follow at the end. */
const COUNTER = /^(?:tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/;

async function main(filters: readonly string[]): Promise<void> {
  const files = FOLDERS.flatMap((folder) => testFiles(join(ROOT, folder)))
    .map((file) => relative(ROOT, file))
    .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)));
  if (files.length === 0) {
    console.error(`no test file matches ${filters.join(" ") || "*.test.ts"}`);
    process.exitCode = 1;
    return;
  }

  // The records of runs that tests start do not belong among those of the user.
  const stateDir = mkdtempSync(join(tmpdir(), "galgo-test-state-"));
  process.env["GALGO_STATE_DIR"] ??= stateDir;
  const tally = new TestTally(ROOT);
  try {
    await pipeline(Readable.from(events(files, tally)), new spec(), process.stdout, { end: false });
  } finally {
    rmSync(stateDir, { recursive: true, force: true });
  }
  report(tally);
}

function testFiles(folder: string): string[] {
  const inside = (entry: Dirent): string[] => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "fixtures" ? [] : testFiles(path);
    return entry.name.endsWith(".test.ts") ? [path] : [];
  };
  return readdirSync(folder, { withFileTypes: true }).flatMap(inside).sort();
}

/** The events of both runs as one stream, counted on the way. */
async function* events(files: readonly string[], tally: TestTally): AsyncGenerator<TestEvent> {
  const serial = files.filter((file) => SERIAL.test(file));
  const unit = files.filter((file) => !SERIAL.test(file));
  const phases = [
    { files: unit, concurrency: Math.max(2, availableParallelism()), timeout: UNIT_TIMEOUT_MS },
    { files: serial, concurrency: 1, timeout: SERIAL_TIMEOUT_MS },
  ];
  for (const phase of phases) {
    if (phase.files.length === 0) continue;
    const stream: AsyncIterable<TestEvent> = run({
      ...phase,
      files: phase.files.map((file) => join(ROOT, file)),
    });
    for await (const event of stream) {
      tally.count(event);
      if (!isCounter(event)) yield event;
    }
  }
}

function isCounter({ type, data }: TestEvent): boolean {
  return type === "test:diagnostic" && data.nesting === 0 && COUNTER.test(data.message ?? "");
}

function report(tally: TestTally): void {
  const allowed = JSON.parse(
    readFileSync(join(ROOT, "scripts/allowed-skips.json"), "utf8"),
  ) as readonly AllowedSkip[];
  const forbidden = process.env["GALGO_FORBID_SKIP"] === "1" ? tally.skipsNotIn(allowed) : [];
  if (tally.skips.length > 0) console.log("\nskipped:");
  for (const skip of tally.skips) {
    const mark = forbidden.includes(skip) ? " (not allowed here)" : "";
    console.log(`  ${skip.file}: ${skip.name}: ${skip.reason}${mark}`);
  }
  if (forbidden.length > 0) {
    console.log(
      `GALGO_FORBID_SKIP: ${forbidden.length} skipped that scripts/allowed-skips.json does not name`,
    );
  }
  if (tally.failed > 0 || forbidden.length > 0 || tally.passed === 0) process.exitCode = 1;
  console.log(`${tally.passed} passed, ${tally.failed} failed, ${tally.skips.length} skipped`);
}

await main(process.argv.slice(2));
