// SPDX-License-Identifier: Apache-2.0
// Writes docs/reference/workload-model.schema.json from the schema that model files are checked with.
// With --check: only says, by its exit status, whether the file is fresh.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { workloadModelJsonSchema } from "../src/model/index.ts";

const ROOT = resolve(import.meta.dirname, "..");
const TARGET = join(ROOT, "docs/reference/workload-model.schema.json");

const wanted: unknown = JSON.parse(JSON.stringify(workloadModelJsonSchema()));

if (process.argv.includes("--check")) {
  if (!isDeepStrictEqual(JSON.parse(readFileSync(TARGET, "utf8")), wanted)) {
    console.error(`${TARGET} is stale: node --import tsx scripts/gen-schema.ts`);
    process.exitCode = 1;
  }
} else {
  mkdirSync(dirname(TARGET), { recursive: true });
  writeFileSync(TARGET, `${JSON.stringify(wanted, null, 2)}\n`);
  execFileSync(join(ROOT, "node_modules/.bin/biome"), ["format", "--write", TARGET]);
}
