// SPDX-License-Identifier: Apache-2.0
// C programs of test/fixtures, built when a test wants them.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const FIXTURES = fileURLToPath(new URL("../fixtures/", import.meta.url));

/** The program that does a thousand lines of what system calls do: what it says under a sensor has to be what it says without. */
export const TRANSPARENCY_SOURCES: readonly string[] = [
  "transparency.c",
  "transparency-open.c",
  "transparency-special.c",
  "transparency-name.c",
  "transparency-attribute.c",
  "transparency-identity.c",
  "transparency-view.c",
  "transparency-exec.c",
  "transparency-socket.c",
  "transparency-task.c",
];
/** Less means that the program did not do all of it. */
export const TRANSPARENCY_MIN_LINES = 900;

/** The C compiler of this machine; undefined when there is none. */
export function compiler(): string | undefined {
  return ["cc", "gcc", "clang"].find((name) => spawnSync(name, ["--version"]).status === 0);
}

/** Why tests with fixtures can not run here; false when they can. */
export const withoutCompiler: string | false =
  compiler() === undefined ? "needs a C compiler" : false;

/** A folder in which any user may work. The caller removes it with `dispose`. */
export interface Workplace {
  readonly folder: string;
  dispose(): void;
}

export function openWorkplace(): Workplace {
  const folder = mkdtempSync(join(tmpdir(), "galgo-fixture-"));
  chmodSync(folder, 0o755);
  return { folder, dispose: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Builds a program from sources in test/fixtures. @returns its path */
export function buildFixture(
  folder: string,
  name: string,
  sources: readonly string[],
  flags: readonly string[] = [],
): string {
  const program = join(folder, name);
  const files = sources.map((source) => join(FIXTURES, source));
  // some checks hand over pointers and sizes that are wrong on purpose
  const quiet = ["-std=gnu17", "-O1", "-w", "-pthread", ...flags];
  const built = spawnSync(compiler() ?? "cc", [...quiet, "-o", program, ...files], {
    encoding: "utf8",
  });
  if (built.status !== 0) throw new Error(`can not build ${name}: ${built.stderr}`);
  return program;
}
