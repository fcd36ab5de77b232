// SPDX-License-Identifier: Apache-2.0
// The static checks: what `npm run check` runs, and what test/house/check.test.ts makes part of `npm test`.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "..");
const bin = (name: string): string => join(ROOT, "node_modules/.bin", name);
const script = (name: string, ...args: readonly string[]): readonly string[] => [
  process.execPath,
  "--import",
  "tsx",
  join(ROOT, "scripts", name),
  ...args,
];

/** One check: a command that exits with 0 when all is well. */
export interface Step {
  readonly name: string;
  readonly command: readonly string[];
}

/** What a step said, stdout and stderr together, and whether it was content. */
export interface StepResult {
  readonly ok: boolean;
  readonly output: string;
}

/** All steps. A script `gen-*.ts` writes a generated file, and with --check only says whether the file is fresh. */
export function steps(): readonly Step[] {
  const generators = readdirSync(join(ROOT, "scripts")).filter((name) => /^gen-.*\.ts$/.test(name));
  return [
    { name: "types (tsc -b)", command: [bin("tsc"), "-b", "--pretty", "false"] },
    { name: "lint and format (biome)", command: [bin("biome"), "ci", "--colors=off", "."] },
    { name: "boundaries", command: script("check-boundaries.ts") },
    ...generators.map((name) => ({ name: `${name} is fresh`, command: script(name, "--check") })),
  ];
}

/** Runs one step at the root of the checkout. */
export function runStep({ command: [program = "", ...args] }: Step): StepResult {
  const { status, error, stdout, stderr } = spawnSync(program, args, {
    cwd: ROOT,
    encoding: "utf8",
  });
  return { ok: status === 0, output: error?.message ?? `${stdout}${stderr}`.trimEnd() };
}
