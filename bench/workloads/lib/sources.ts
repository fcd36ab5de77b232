// SPDX-License-Identifier: Apache-2.0
// What the corpus is, as a digest: what was prepared or measured with another one is done anew.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const FOLDER: string = resolve(import.meta.dirname, "..");

let known: string | undefined;

/** Of every file below bench/workloads, with its name. */
export function sourcesDigest(): string {
  known ??= computed();
  return known;
}

function computed(): string {
  const hash = createHash("sha256");
  const names = readdirSync(FOLDER, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  for (const name of names) hash.update(`${name}\0`).update(readFileSync(name)).update("\0");
  return hash.digest("hex");
}
