// SPDX-License-Identifier: Apache-2.0
// The files that this Galgo consists of, as one digest. It says what is on the disk, not what was loaded: whether that is the same is for
// the kernel's measurement list (IMA) to say. The form is that of sha256sum, so that anybody can do it again (docs/evidence.md).
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { quote } from "../../base/quote.ts";
import { AttestError } from "./errors.ts";
import { MAX_BUILD_FILES } from "./limits.ts";

export interface OwnBuild {
  readonly version: string;
  /** hex, SHA-256 */
  readonly buildDigest: string;
}

/** Beside package.json: what is run. From source the programs of the kernel and the launchers are still built ones. */
const BUILT = ["galgo", "package.json", "dist"];
const FROM_SOURCE = ["package.json", "src", "dist/native", "dist/bpf"];
/** What nobody runs. */
const LEFT_OUT = /\.map$|\.tsbuildinfo$|\.d\.ts$|(?:^|\/)\.stamp[^/]*$/;

/**
 * Reads all of them: to be called when Galgo starts, before somebody installs another version over it.
 * @throws AttestError NO_BUILD
 */
export async function ownBuild(): Promise<OwnBuild> {
  const root = fileURLToPath(new URL("../../..", import.meta.url));
  const parts = import.meta.url.endsWith(".ts") ? FROM_SOURCE : BUILT;
  const buildDigest = await digestOfFiles(root, parts);
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
    readonly version: string;
  };
  return { version, buildDigest };
}

/**
 * SHA-256 over a line `HEX  PATH` for each file, sorted by path.
 * @param parts files and folders below `root`; those that are not there are left out
 * @throws AttestError NO_BUILD
 */
export async function digestOfFiles(root: string, parts: readonly string[]): Promise<string> {
  try {
    const found: string[] = [];
    for (const part of parts) await collect(root, part, found);
    const all = createHash("sha256");
    for (const path of found.sort(byBytes)) {
      const digest = createHash("sha256").update(await readFile(join(root, path)));
      all.update(`${digest.digest("hex")}  ${path}\n`);
    }
    return all.digest("hex");
  } catch (cause) {
    if (cause instanceof AttestError) throw cause;
    const { code = String(cause), path = root } = cause as NodeJS.ErrnoException;
    const problem = `the files of this Galgo can not be read: ${quote(path)} (${code})`;
    throw new AttestError("NO_BUILD", problem, { cause });
  }
}

async function collect(root: string, part: string, found: string[]): Promise<void> {
  const entries = await readdir(join(root, part), { withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return [];
      if (error.code === "ENOTDIR") return undefined;
      throw error;
    },
  );
  if (entries === undefined) {
    add(part, found);
    return;
  }
  for (const entry of entries) {
    const path = `${part}/${entry.name}`;
    if (entry.isDirectory()) await collect(root, path, found);
    else if (entry.isFile()) add(path, found);
  }
}

function add(path: string, found: string[]): void {
  if (LEFT_OUT.test(path)) return;
  if (found.push(path) <= MAX_BUILD_FILES) return;
  throw new AttestError("NO_BUILD", `there are more than ${MAX_BUILD_FILES} files of this Galgo`);
}

/** As LC_ALL=C sort(1). */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
