// SPDX-License-Identifier: Apache-2.0
// `npm run bench [-- FILTER...]`: runs bench/*.bench.ts one after the other, each in a process of its own.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const filters = process.argv.slice(2);
const files = readdirSync(join(root, "bench"))
  .filter((name) => name.endsWith(".bench.ts"))
  .filter((name) => filters.length === 0 || filters.some((filter) => name.includes(filter)))
  .sort();
if (files.length === 0) throw new Error(`no bench matches ${filters.join(" ") || "*.bench.ts"}`);

for (const file of files) {
  const args = ["--import", "tsx", join("bench", file)];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" });
  if (status !== 0) {
    console.error(`bench/${file} failed`);
    process.exitCode = 1;
  }
}
