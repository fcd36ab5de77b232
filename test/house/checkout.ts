// SPDX-License-Identifier: Apache-2.0
// A small checkout for tests of the starter: the real ./galgo and scripts/setup.sh around a tiny program and a build that
// only copies it, so that a test takes no minutes and no network.
import { type ChildProcess, spawn } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { text } from "node:stream/consumers";

const ROOT = resolve(import.meta.dirname, "../..");

const MAIN = `#!/usr/bin/env node
const { readFileSync } = require("node:fs");
const stdin = readFileSync(0, "utf8");
console.log(JSON.stringify({ args: process.argv.slice(2), cwd: process.cwd(), env: process.env, stdin }));
process.exit(Number(process.env.EXIT ?? 0));
`;

// A pipe called "gate" makes the build wait until a test writes to it.
const BUILD = `set -eu
cd "$(dirname "$0")/.."
echo build >>build.log
mkdir -p dist/cli
[ ! -p gate ] || read -r _ <gate
if grep -q BROKEN src/cli/main.ts; then echo "main.ts is broken" >&2; exit 2; fi
cp src/cli/main.ts dist/galgo.cjs
`;

/** How a start ended. */
export interface Ending {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StartOptions {
  readonly args?: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** Called with everything that stderr has said so far, each time it says more. */
  readonly onStderr?: (soFar: string) => void;
  /** Run as this user. */
  readonly uid?: number;
}

export class Checkout implements Disposable {
  readonly root: string;
  readonly #children = new Set<ChildProcess>();

  constructor() {
    this.root = mkdtempSync(join(tmpdir(), "galgo-checkout-"));
    chmodSync(this.root, 0o755);
    for (const path of ["galgo", "scripts/setup.sh", "tsconfig.json"]) {
      cpSync(join(ROOT, path), join(this.root, path));
    }
    this.write("scripts/build.sh", BUILD);
    this.write("src/cli/main.ts", MAIN);
    // npm ci of a package that is a folder of this checkout needs no network
    this.write(
      "stub/package.json",
      JSON.stringify({ name: "stub", version: "1.0.0", bin: { tsc: "tsc" } }),
    );
    this.write("stub/tsc", "#!/bin/sh\n");
    this.write(
      "package.json",
      JSON.stringify({
        name: "small",
        version: "1.0.0",
        type: "module",
        dependencies: { stub: "file:stub" },
      }),
    );
    this.write("package-lock.json", lockFile("1.0.0"));
  }

  path(inside: string): string {
    return join(this.root, inside);
  }

  write(inside: string, content: string): void {
    mkdirSync(dirname(this.path(inside)), { recursive: true });
    writeFileSync(this.path(inside), content);
  }

  /** Changes the lock file as an update of a dependency does. */
  changeLock(version: string): void {
    this.write("stub/package.json", JSON.stringify({ name: "stub", version, bin: { tsc: "tsc" } }));
    this.write("package-lock.json", lockFile(version));
  }

  edit(inside: string): void {
    appendFileSync(this.path(inside), "\n");
  }

  builds(): number {
    return readFileSync(this.path("build.log"), "utf8").trimEnd().split("\n").length;
  }

  /** Runs the starter at `file` (default: the one of this checkout). */
  async start(options: StartOptions = {}, file: string = this.path("galgo")): Promise<Ending> {
    const child = spawn(file, [...(options.args ?? [])], {
      cwd: options.cwd ?? this.root,
      env: { ...process.env, GALGO_NO_APT: "1", ...options.env },
      ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
    });
    this.#children.add(child);
    const ended = new Promise<number | null>((done, failed) => {
      child.once("error", failed);
      child.once("close", done);
    });
    child.stdin.on("error", () => {}); // it may end before it has read everything
    child.stdin.end(options.stdin ?? "");
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      stderr += chunk;
      options.onStderr?.(stderr);
    });
    const [stdout, status] = await Promise.all([text(child.stdout), ended]);
    this.#children.delete(child);
    return { status, stdout, stderr };
  }

  [Symbol.dispose](): void {
    for (const child of this.#children) child.kill("SIGKILL");
    rmSync(this.root, { recursive: true, force: true });
  }
}

const lockFile = (version: string): string =>
  JSON.stringify({
    name: "small",
    version: "1.0.0",
    lockfileVersion: 3,
    requires: true,
    packages: {
      "": { name: "small", version: "1.0.0", dependencies: { stub: "file:stub" } },
      "node_modules/stub": { resolved: "stub", link: true },
      stub: { version, bin: { tsc: "tsc" } },
    },
  });
