// SPDX-License-Identifier: Apache-2.0
// Writes the schemas of docs/reference from those that files are checked with.
// With --check: only says, by its exit status, whether the files are fresh.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { imaReferenceJsonSchema } from "../src/attest/ima/reference.ts";
import { trustPolicyJsonSchema } from "../src/attest/policy/trust-file.ts";
import { verifierPolicyJsonSchema } from "../src/attest/verify/policy-form.ts";
import { workloadModelJsonSchema } from "../src/model/index.ts";

const ROOT = resolve(import.meta.dirname, "..");
const FOLDER = join(ROOT, "docs/reference");

const SCHEMAS: Readonly<Record<string, () => unknown>> = {
  "workload-model.schema.json": workloadModelJsonSchema,
  "trust-policy.schema.json": trustPolicyJsonSchema,
  "ima-reference.schema.json": imaReferenceJsonSchema,
  "verifier-policy.schema.json": verifierPolicyJsonSchema,
};

mkdirSync(FOLDER, { recursive: true });
for (const [name, make] of Object.entries(SCHEMAS)) {
  const file = join(FOLDER, name);
  const wanted: unknown = JSON.parse(JSON.stringify(make()));
  if (process.argv.includes("--check")) {
    if (isDeepStrictEqual(JSON.parse(readFileSync(file, "utf8")), wanted)) continue;
    console.error(`${file} is stale: node --import tsx scripts/gen-schema.ts`);
    process.exitCode = 1;
  } else {
    writeFileSync(file, `${JSON.stringify(wanted, null, 2)}\n`);
    execFileSync(join(ROOT, "node_modules/.bin/biome"), ["format", "--write", file]);
  }
}
