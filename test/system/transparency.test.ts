// SPDX-License-Identifier: Apache-2.0
// A program under the sensor behaves as it does without: about a thousand lines of what system calls do, run natively
// and under the sensor, must be equal.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  TRANSPARENCY_MIN_LINES,
  TRANSPARENCY_SOURCES,
  type Workplace,
  buildFixture,
  openWorkplace,
  withoutCompiler,
} from "../helpers/fixture.ts";
import { type Sensed, runSensed } from "../helpers/sensed.ts";

const USER = 1000;
const DEADLINE_MS = 300_000;
const DRIVER = fileURLToPath(new URL("../helpers/sensed-driver.ts", import.meta.url));
const AS_USER = [`--reuid=${USER}`, `--regid=${USER}`, "--clear-groups", "--"];
const isRoot = process.geteuid?.() === 0;
const setpriv = spawnSync("sh", ["-c", "command -v setpriv"], { encoding: "utf8" }).stdout.trim();
const withoutRoot = isRoot ? false : "needs root";
const withoutUsers = withoutRoot || (setpriv === "" ? "needs setpriv" : false);
/** A clean environment: nothing in it may differ between the runs. */
const env = { PATH: process.env["PATH"], LC_ALL: "C", TMPDIR: "/tmp", HOME: "/tmp" };

let workplace: Workplace;
let program = "";

before(() => {
  if (withoutCompiler !== false) return;
  workplace = openWorkplace();
  program = buildFixture(workplace.folder, "transparency", TRANSPARENCY_SOURCES);
});

after(() => {
  workplace?.dispose();
});

/** An empty folder of the same name for each run, as modes, names and lengths are part of what is printed. */
function freshFolder(): string {
  const folder = join(workplace.folder, "work");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  chmodSync(folder, 0o777);
  return folder;
}

function runNative(command: readonly string[], owner = process.geteuid?.() ?? 0): string {
  const file = join(workplace.folder, "native-output");
  rmSync(file, { force: true });
  const out = openSync(file, "w+", owner === 0 ? 0o600 : 0o666);
  const nothing = openSync("/dev/null", "r");
  try {
    if (owner !== 0) chmodSync(file, 0o666);
    const [name = "", ...rest] = command;
    spawnSync(name, rest, { env, cwd: workplace.folder, stdio: [nothing, out, out] });
    return readFileSync(file, "utf8");
  } finally {
    closeSync(out);
    closeSync(nothing);
  }
}

const linesOf = (output: string): string[] => output.split("\n");

/** "native | sensed" where they differ. */
function differences(native: string, sensed: string): string[] {
  const [a, b] = [linesOf(native), linesOf(sensed)];
  const count = Math.max(a.length, b.length);
  return Array.from({ length: count }, (_, i) => `${a[i] ?? ""} | ${b[i] ?? ""}`).filter(
    (_, i) => a[i] !== b[i],
  );
}

function assertEqualBehaviour(sensed: Sensed, native: string): void {
  assert.equal(sensed.failed, undefined);
  assert.equal(sensed.late, false);
  assert.deepEqual(sensed.violations, []);
  assert.deepEqual(differences(native, sensed.output), []);
  assert.ok(
    linesOf(native).length > TRANSPARENCY_MIN_LINES,
    `only ${linesOf(native).length} lines`,
  );
  assert.deepEqual(sensed.exit, { code: 0, signal: null });
  assert.ok(sensed.fdsAfter <= sensed.fdsBefore, "the sensor has kept descriptors");
}

const options = { env, digests: true, keep: [], deadlineMs: DEADLINE_MS } as const;

test("a program run by the same user behaves alike", { skip: withoutCompiler }, async () => {
  const native = runNative([program, freshFolder()]);
  const sensed = await runSensed([program, freshFolder()], { ...options, cwd: workplace.folder });
  assertEqualBehaviour(sensed, native);
});

test("a program run by a user under an agent of root behaves alike", {
  skip: withoutCompiler || withoutUsers,
}, async () => {
  const command = (): string[] => [setpriv, ...AS_USER, program, freshFolder()];
  const native = runNative(command());
  const sensed = await runSensed(command(), { ...options, cwd: workplace.folder });
  assertEqualBehaviour(sensed, native);
  assert.deepEqual(sensed.losses, []);
});

test("a program run by a user under an agent of that user behaves alike", {
  skip: withoutCompiler || withoutUsers,
}, () => {
  const native = runNative([setpriv, ...AS_USER, program, freshFolder()], USER);
  const request = JSON.stringify([[program, freshFolder()], { ...options, cwd: workplace.folder }]);
  const tsx = import.meta.resolve("tsx");
  const driver = spawnSync(
    setpriv,
    [...AS_USER, process.execPath, "--import", tsx, DRIVER, request],
    { env, encoding: "utf8", maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "inherit"] },
  );
  const sensed = JSON.parse(driver.stdout) as Sensed;
  assertEqualBehaviour(sensed, native);
  // a task that is not dumpable can not be looked into by another process of its user
  const reasons = new Set(sensed.losses.map(({ reason }) => reason));
  const expected = ["unreadable-memory", "unreadable-task", "unattributed-task"];
  const others = [...reasons].filter((reason) => !expected.includes(reason));
  assert.deepEqual(others, ["unreadable-content"]);
});
