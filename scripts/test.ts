// SPDX-License-Identifier: Apache-2.0
// Runs the tests with node:test: unit tests side by side, then, one file at a time, those that start workloads,
// and beside them, one at a time too, what needs a processor and not a quiet one.
// Usage: test.ts [FILTER...]   a file runs when its path holds one of the filters.
import {
  type Dirent,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { runPhases } from "./test-run.ts";

const ROOT = resolve(import.meta.dirname, "..");
const FOLDERS = ["src", "scripts", "test", "bench"].filter((name) => existsSync(join(ROOT, name)));
const SERIAL = /^test\/(?:system\/(?!tpm)|attacks\/|workloads\/|practice\/)|^test\/[^/]*$/;
/** Take minutes of a processor, and nobody's time is decided by them: a guest, checks of the tree, pages in a browser, large programs. */
const BESIDE =
  /^test\/system\/vm\.test\.ts$|^test\/(?:house|web|workloads|practice)\/|^test\/deploy\/ansible/;
/** A process has several files, because its start takes longer than most of them: tests of single modules, and others that clean up in their own suites. */
const TOGETHER = /^(?:src|test\/(?!system|attacks))/;
/** Changes the process for others in it. */
const ALONE = /\bprocess\.(?:chdir\(|umask\(|exitCode\s*=)/;
/** So does this in tests that start things: what is done before and after a file would be done before and after all of them. */
const ALONE_IN_TEST =
  /^(?:before|after|beforeEach|afterEach)\(|\bprocess\.on\(|\bprocess\.env\[[^\]]*\]\s*(?:\?\?)?=[^=]/m;
const FILES_TOGETHER = { src: 12, test: 6 };
const UNIT_TIMEOUT_MS = 5 * 60_000;
const SERIAL_TIMEOUT_MS = 20 * 60_000;

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
  const beside = files.filter((file) => BESIDE.test(file));
  const serial = files.filter((file) => SERIAL.test(file) && !BESIDE.test(file));
  const unit = files.filter((file) => !SERIAL.test(file) && !BESIDE.test(file));
  try {
    await runPhases(ROOT, [
      {
        files: together(unit, stateDir),
        // many of them wait for disks, servers and clocks rather than for a processor
        concurrency: availableParallelism() + 1,
        timeout: UNIT_TIMEOUT_MS,
      },
      { files: beside, concurrency: 1, timeout: SERIAL_TIMEOUT_MS, beside: true },
      { files: serial, concurrency: 1, timeout: SERIAL_TIMEOUT_MS },
    ]);
  } finally {
    rmSync(stateDir, { recursive: true, force: true });
  }
}

/** The files, those of one folder of `src` or `test` behind a file that imports several of them. Absolute, or relative to the root. */
function together(files: readonly string[], folder: string): string[] {
  const stages = new Map<string, string[]>();
  const alone = files.filter(isAlone);
  for (const file of files.filter((one) => !alone.includes(one))) {
    const stage = file.split("/").slice(0, 2).join("-");
    stages.set(stage, [...(stages.get(stage) ?? []), file]);
  }
  const shared = [...stages].flatMap(([stage, all]) => {
    const count = Math.ceil(all.length / FILES_TOGETHER[stage.startsWith("src-") ? "src" : "test"]);
    return Array.from({ length: count }, (_, part) => {
      const some = all.filter((_file, i) => i % count === part);
      const name = join(folder, `${stage}-${part + 1}.test.mts`);
      const lines = some.map(
        (file) => `import ${JSON.stringify(pathToFileURL(join(ROOT, file)).href)};`,
      );
      writeFileSync(name, `${lines.join("\n")}\n`);
      return name;
    });
  });
  return [...shared, ...alone];
}

function isAlone(file: string): boolean {
  if (!TOGETHER.test(file) || file.split("/").length < 3) return true;
  const text = readFileSync(join(ROOT, file), "utf8");
  return ALONE.test(text) || (file.startsWith("test/") && ALONE_IN_TEST.test(text));
}

function testFiles(folder: string): string[] {
  const inside = (entry: Dirent): string[] => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "fixtures" ? [] : testFiles(path);
    return entry.name.endsWith(".test.ts") ? [path] : [];
  };
  return readdirSync(folder, { withFileTypes: true }).flatMap(inside).sort();
}

await main(process.argv.slice(2));
