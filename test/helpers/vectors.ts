// SPDX-License-Identifier: Apache-2.0
// Where golden vectors are found: a small part in test/vectors, all of them in a folder beside the checkout when it is there.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";

const ALL = resolve("../shared/vectors");

/** Path of a file or folder of the whole set, or the reason why a test of it is skipped. */
export function wholeVectors(name: string): {
  readonly path: string;
  readonly skip: string | false;
} {
  const path = join(ALL, name);
  return { path, skip: existsSync(path) ? false : `${path} is not there` };
}

/** Path of a file or folder of the whole set, or of the part of it that is kept in test/vectors. `whole`: which of them it is. */
export function anyVectors(name: string): { readonly path: string; readonly whole: boolean } {
  const { path, skip } = wholeVectors(name);
  return skip === false
    ? { path, whole: true }
    : { path: resolve("test/vectors", name), whole: false };
}

/** One of the small files that are always there. */
export function ownVectors<T>(name: string): T {
  return JSON.parse(readFileSync(resolve("test/vectors", name), "utf8")) as T;
}

/** Lines of a text file, also of a gzipped one. */
export function linesOf(path: string): readonly string[] {
  const bytes = readFileSync(path);
  const text = (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
  return text.split("\n").filter((line) => line !== "");
}

/** Unpacks a .tar.xz into a temporary folder for `use`; needs tar and xz. */
export function unpacked<T>(archive: string, use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "galgo-vectors-"));
  try {
    execFileSync("tar", ["-xJf", archive, "-C", folder], { stdio: "pipe" });
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
