// SPDX-License-Identifier: Apache-2.0
// Where images and guests are kept, outside the repository, and what an image is called: its name and a digest of all that it is
// made from. So every checkout finds its own, and those with the same inputs share one.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
} from "node:fs";
import { join } from "node:path";
import { once } from "node:events";
import { VmError } from "./errors.ts";

const IMAGE = join(import.meta.dirname, "..", "image");
const UNUSED_DAYS = 30;
const WRITABLE_BY_OTHERS = 0o022;
const DIGEST_LENGTH = 16;

/**
 * $GALGO_VM_CACHE, or /var/tmp/galgo-vm. Made when it is not there.
 * @throws VmError vm-unable when somebody else could put things there: what is in it runs as root
 */
export function cacheDir(): string {
  const dir = process.env["GALGO_VM_CACHE"] ?? "/var/tmp/galgo-vm";
  mkdirSync(dir, { recursive: true, mode: 0o755 });
  const facts = lstatSync(dir);
  const isOurs = facts.isDirectory() && facts.uid === process.getuid?.();
  if (!isOurs || (facts.mode & WRITABLE_BY_OTHERS) !== 0) {
    throw new VmError("vm-unable", `${dir} is not a folder that only this user can write to`);
  }
  return dir;
}

/** Something that a script of test/vm/image makes. */
export interface Recipe {
  /** Start of its name in the cache. */
  readonly name: string;
  readonly script: string;
  readonly args: readonly string[];
  /** Files of test/vm/image that count. */
  readonly files: readonly string[];
  /** What else counts. */
  readonly inputs: readonly string[];
}

/** Path of what the recipe makes; makes it first when it is not in the cache. Two at a time wait for each other. */
export async function cached(recipe: Recipe): Promise<string> {
  const path = join(cacheDir(), `${recipe.name}-${digestOf(recipe)}`);
  if (!existsSync(path)) await make(recipe, path);
  utimesSync(path, new Date(), new Date());
  return path;
}

/** Is it there already? */
export function isCached(recipe: Recipe): boolean {
  return existsSync(join(cacheDir(), `${recipe.name}-${digestOf(recipe)}`));
}

function digestOf(recipe: Recipe): string {
  const hash = createHash("sha256");
  for (const file of recipe.files) hash.update(readFileSync(join(IMAGE, file))).update("\0");
  for (const input of [...recipe.args, ...recipe.inputs]) hash.update(input).update("\0");
  return hash.digest("hex").slice(0, DIGEST_LENGTH);
}

async function make(recipe: Recipe, path: string): Promise<void> {
  removeUnused();
  const args = [join(IMAGE, "once.sh"), cacheDir(), path, recipe.script, ...recipe.args];
  const child = spawn("sh", args, { stdio: ["ignore", 2, 2] });
  const [status] = (await once(child, "exit")) as [number | null];
  if (status !== 0) {
    throw new VmError("vm-image", `${recipe.script} could not make ${path} (see above)`);
  }
}

/** Images that nobody has used for a month, of older sources say. A guest that runs on one keeps it. */
function removeUnused(): void {
  const oldest = Date.now() - UNUSED_DAYS * 24 * 3600_000;
  for (const name of readdirSync(cacheDir())) {
    const path = join(cacheDir(), name);
    if (!/^(?:root|kernel)-/.test(name) || statSync(path).mtimeMs > oldest) continue;
    rmSync(path, { recursive: true, force: true });
  }
}
