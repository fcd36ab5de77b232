// SPDX-License-Identifier: Apache-2.0
// scripts/test.ts over small trees: what it counts, what it prints last, what makes it fail.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { describe, it } from "node:test";

const ROOT = resolve(import.meta.dirname, "../..");
const HEAD = 'import { before, describe, it } from "node:test";\n';

interface Outcome {
  readonly status: number | null;
  readonly lines: readonly string[];
}

/** Runs the runner in a tree with these test files. `allowed` is the text of allowed-skips.json. */
function runTests(
  files: Readonly<Record<string, string>>,
  options: {
    readonly args?: readonly string[];
    readonly forbidSkip?: boolean;
    readonly allowed?: string;
  } = {},
): Outcome {
  const root = mkdtempSync(join(tmpdir(), "galgo-runner-"));
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const { NODE_TEST_CONTEXT: _, GALGO_FORBID_SKIP: __, GALGO_STATE_DIR: ___, ...env } = process.env;
  try {
    for (const folder of ["src", "scripts"]) mkdirSync(join(root, folder));
    for (const script of ["test.ts", "test-run.ts", "test-tally.ts"]) {
      cpSync(join(ROOT, "scripts", script), join(root, "scripts", script));
    }
    symlinkSync(join(ROOT, "node_modules"), join(root, "node_modules"));
    write("package.json", '{"type":"module"}');
    write("scripts/allowed-skips.json", options.allowed ?? "[]");
    for (const [path, text] of Object.entries(files)) write(path, HEAD + text);
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ["--import", "tsx", "scripts/test.ts", ...(options.args ?? [])],
      {
        cwd: root,
        encoding: "utf8",
        env: { ...env, ...(options.forbidSkip ? { GALGO_FORBID_SKIP: "1" } : {}) },
      },
    );
    return { status, lines: `${stdout}${stderr}`.trimEnd().split("\n") };
  } finally {
    rmSync(root, { recursive: true });
  }
}

const last = ({ lines }: Outcome): string | undefined => lines.at(-1);

describe("the test runner", () => {
  it("counts tests of both phases, not suites, and ends with one line", () => {
    const outcome = runTests({
      "src/base/a.test.ts": 'describe("s", () => { it("one", () => {}); it("two", () => {}); });\n',
      "test/system/b.test.ts": 'it("three", () => {});\n',
    });
    assert.equal(last(outcome), "3 passed, 0 failed, 0 skipped");
    assert.equal(outcome.status, 0);
    assert.equal(outcome.lines.filter((line) => /\b(?:tests|pass) \d+$/.test(line)).length, 0);
  });

  it("fails on a failed test and on a suite that fails by itself, counted once", () => {
    const outcome = runTests({
      "src/a.test.ts":
        'describe("s", () => { it("bad", () => { throw new Error("broken-one"); }); it("good", () => {}); });\n',
      "src/b.test.ts":
        'describe("t", () => { before(() => { throw new Error("broken-two"); }); });\n',
    });
    assert.equal(last(outcome), "1 passed, 2 failed, 0 skipped");
    assert.equal(outcome.status, 1);
    assert.ok(outcome.lines.some((line) => line.includes("broken-one")));
    assert.ok(outcome.lines.some((line) => line.includes("broken-two")));
  });

  it("fails on a file that dies or can not be loaded", () => {
    const outcome = runTests({
      "src/a.test.ts": "process.exit(3);\n",
      "src/b.test.ts": 'import "./missing.ts";\n',
      "src/c.test.ts": 'it("fine", () => {});\n',
    });
    assert.equal(last(outcome), "1 passed, 2 failed, 0 skipped");
    assert.equal(outcome.status, 1);
  });

  it("names what was skipped, and why, at the end", () => {
    const outcome = runTests({
      "src/a.test.ts":
        'it("root only", { skip: "needs root" }, () => {});\nit("fine", () => {});\n',
    });
    assert.deepEqual(outcome.lines.slice(-3), [
      "skipped:",
      "  src/a.test.ts: root only: needs root",
      "1 passed, 0 failed, 1 skipped",
    ]);
    assert.equal(outcome.status, 0);
  });

  it("fails on a skip when skipping is forbidden, unless the list allows it", () => {
    const files = {
      "src/a.test.ts": 'it("x", { skip: "needs root" }, () => {});\nit("fine", () => {});\n',
    };
    const refused = runTests(files, { forbidSkip: true });
    assert.equal(refused.status, 1);
    assert.ok(refused.lines.includes("  src/a.test.ts: x: needs root (not allowed here)"));
    assert.equal(last(refused), "1 passed, 0 failed, 1 skipped");
    const allowed = JSON.stringify([{ file: "src/a.test.ts", reason: "needs root", why: "test" }]);
    assert.equal(runTests(files, { forbidSkip: true, allowed }).status, 0);
  });

  it("runs what a filter names, and fails when that is nothing", () => {
    const files = {
      "src/a.test.ts": 'it("x", () => {});\n',
      "src/b.test.ts": 'it("y", () => {});\n',
    };
    assert.equal(last(runTests(files, { args: ["src/b"] })), "1 passed, 0 failed, 0 skipped");
    const none = runTests(files, { args: ["nothing"] });
    assert.equal(none.status, 1);
    assert.ok(none.lines.some((line) => line.includes("no test file matches nothing")));
  });

  it("keeps the records of tested runs away from the user's", () => {
    const outcome = runTests({
      "src/a.test.ts":
        'it("x", () => { if (!process.env.GALGO_STATE_DIR?.includes("galgo-test-state-")) throw new Error(); });\n',
    });
    assert.equal(last(outcome), "1 passed, 0 failed, 0 skipped");
  });
});
