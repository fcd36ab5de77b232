// SPDX-License-Identifier: Apache-2.0
// Runs test files with node:test in phases and reports them as one run; shared by `npm test` and `npm run test:vm`.
// GALGO_FORBID_SKIP=1: a skipped test fails the run unless scripts/allowed-skips.json names it.
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { type AllowedSkip, type TestEvent, TestTally } from "./test-tally.ts";

/** Files that run with the same settings. */
export interface Phase {
  /** Relative to the root, or absolute. */
  readonly files: readonly string[];
  readonly concurrency: number;
  /** Of each file, ms. */
  readonly timeout: number;
  /** Set in this process, which the tests inherit, when the phase begins. */
  readonly env?: Readonly<Record<string, string>>;
  /** Runs while the phases after it do, with what they leave of the machine; its report comes last. */
  readonly beside?: boolean;
}

/** The counters that node:test prints after each run of its own; ours follow at the end. */
const COUNTER = /^(?:tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/;

/** Runs the phases one after the other, prints what happens, sets the exit status. */
export async function runPhases(root: string, phases: readonly Phase[]): Promise<void> {
  const tally = new TestTally(root);
  const stream = Readable.from(events(root, phases, tally));
  await pipeline(stream, new spec(), process.stdout, { end: false });
  report(root, tally);
}

/** The events of all phases as one stream, counted on the way. */
async function* events(
  root: string,
  phases: readonly Phase[],
  tally: TestTally,
): AsyncGenerator<TestEvent> {
  const beside: Promise<TestEvent[]>[] = [];
  for (const phase of phases) {
    if (phase.files.length === 0) continue;
    Object.assign(process.env, phase.env);
    const stream = start(root, phase);
    if (phase.beside === true) beside.push(collected(stream));
    else for await (const event of stream) yield* counted(event, tally);
  }
  for (const late of beside) for (const event of await late) yield* counted(event, tally);
}

function start(root: string, { files, concurrency, timeout }: Phase): AsyncIterable<TestEvent> {
  return run({ files: files.map((file) => resolve(root, file)), concurrency, timeout });
}

/** Events that are told later, so that two reports do not get mixed. */
async function collected(stream: AsyncIterable<TestEvent>): Promise<TestEvent[]> {
  const all: TestEvent[] = [];
  for await (const event of stream) all.push(event);
  return all;
}

function* counted(event: TestEvent, tally: TestTally): Generator<TestEvent> {
  tally.count(event);
  if (!isCounter(event)) yield event;
}

function isCounter({ type, data }: TestEvent): boolean {
  return type === "test:diagnostic" && data.nesting === 0 && COUNTER.test(data.message ?? "");
}

function report(root: string, tally: TestTally): void {
  const allowed = JSON.parse(
    readFileSync(join(root, "scripts/allowed-skips.json"), "utf8"),
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
