// SPDX-License-Identifier: Apache-2.0
// The files that an installation of Galgo runs, with their digests: reference values for the kernel's measurement list.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { WantedFile } from "../attest/ima/files.ts";
import type { ImaReference } from "../attest/ima/reference.ts";
import { CodedError } from "../base/errors.ts";
import { quote } from "../base/quote.ts";

/** NOT_INSTALLED: no Galgo that can run lies there. */
export class OwnFilesError extends CodedError<"NOT_INSTALLED"> {}

/** What every run loads: the start, the command line, the thread that decides. */
const LOADED = ["dist/galgo.cjs", "dist/bundle/main.cjs", "dist/bundle/worker.cjs"];
/** Read by some commands, or by Node on its way. */
const BESIDE = ["galgo", "package.json"];
const NOT_RUN = /\.(?:d\.ts|map|tsbuildinfo)$/;
/** A line of /proc/PID/maps. */
const EXECUTABLE = /^[0-9a-f]+-[0-9a-f]+ ..x. [0-9a-f]+ [0-9a-f:]+ (\d+) +(\/.*)$/;

/**
 * Reference values of this Node and the Galgo in a folder: Node, what is mapped into it to be executed (libraries) and what every run
 * loads must have been measured; the other files of the build and of its package for foreign functions may have been. In the
 * folders of both, nothing else may.
 * @param root the package. Throws `OwnFilesError`, and what reading throws
 */
export function ownFiles(root: string): ImaReference {
  const home = realpathSync(root);
  const missing = LOADED.find((file) => !existsSync(join(home, file)));
  if (missing !== undefined) {
    throw new OwnFilesError(
      "NOT_INSTALLED",
      `${quote(join(home, missing))} is not there: in a checkout, build first (npm run build)`,
    );
  }
  const foreign = foreignFolders(home);
  const must = new Set(LOADED.map((file) => join(home, file)));
  for (const file of [realpathSync(process.execPath), ...mapped()]) must.add(file);
  const closed = [join(home, "dist"), ...foreign];
  const may = new Set([...BESIDE.map((file) => join(home, file)), ...closed.flatMap(filesBelow)]);
  const required = [...must].map((path) => measured(path));
  const optional = [...may]
    .filter((path) => !must.has(path) && existsSync(path))
    .map((path) => ({ ...measured(path), optional: true }));
  return { files: [...required, ...optional].sort(byPath), closed, violations: 0 };
}

function byPath(a: WantedFile, b: WantedFile): number {
  return a.path < b.path ? -1 : 1;
}

/** koffi and the package of its native half, wherever they were installed. */
function foreignFolders(home: string): readonly string[] {
  const koffi = realpathSync(dirname(createRequire(join(home, "dist/x")).resolve("koffi")));
  const native = join(koffi, "..", "@koromix");
  return existsSync(native) ? [koffi, realpathSync(native)] : [koffi];
}

/** Files that this process has mapped to execute; its own ones were loaded by then. */
function mapped(): readonly string[] {
  const files = new Set<string>();
  for (const line of readFileSync("/proc/self/maps", "utf8").split("\n")) {
    const [, inode, path] = EXECUTABLE.exec(line) ?? [];
    if (inode !== undefined && inode !== "0" && path !== undefined) files.add(path);
  }
  return [...files];
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !NOT_RUN.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

function measured(path: string): WantedFile {
  const sha256 = createHash("sha256").update(readFileSync(path)).digest("hex");
  return { path, digests: { sha256: [sha256] } };
}
