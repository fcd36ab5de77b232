// SPDX-License-Identifier: Apache-2.0
// A directory with mounted namespaces, and programs that work in it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { RecordKind } from "../../src/daemon/mount/source.ts";

const SERVER = fileURLToPath(new URL("mount-server.ts", import.meta.url));
const POLL_MS = 10;
const DEADLINE_MS = 20_000;

/** Why files can not be mounted here; false when they can. */
export const withoutMounts: string | false =
  process.getuid?.() === 0 ? false : "needs root, which mounts";

export type MountOrder =
  | { readonly stuck: boolean }
  | { readonly end: string }
  | { readonly id: string; readonly kind: RecordKind; readonly lines: readonly string[] };

export interface Ran {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that runs; its output so far. */
export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Ran>;
  output(): string;
}

/** Starts a program in `folder`. */
export function start(folder: string, command: readonly string[], uid?: number): Running {
  const [program = "", ...args] = command;
  const child = spawn(program, args, {
    cwd: folder,
    env: { ...process.env, LC_ALL: "C" },
    stdio: ["ignore", "pipe", "pipe"],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name]?.setEncoding("utf8").on("data", (part: string) => {
      output[name] += part;
    });
  const ended = new Promise<Ran>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status, signal) => resolve({ status, signal, ...output }));
  });
  return { process: child, ended, output: () => output.stdout };
}

/** Waits until `found` gives something. */
export async function eventually<T>(found: () => T | undefined, what: string): Promise<T> {
  for (const end = Date.now() + DEADLINE_MS; Date.now() < end; await pause(POLL_MS)) {
    const value = found();
    if (value !== undefined) return value;
  }
  return assert.fail(`${what} did not happen`);
}

/** Whether something is mounted at `folder`. */
export function isMounted(folder: string): boolean {
  return readFileSync("/proc/self/mountinfo", "utf8").includes(` ${folder} `);
}

/** Whether no process of this number runs; somebody's zombie does not. */
export function hasEnded(pid: number): boolean {
  try {
    return /^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return true;
  }
}

/** A server of mounted files, as a process. */
export class Mounted {
  readonly folder: string;
  readonly process: ChildProcess;
  /** Its exit status. */
  readonly ended: Promise<number | null>;
  /** What was written into control files. */
  readonly orders: unknown[] = [];
  /** Which processes have written that. */
  readonly askers: number[] = [];
  readonly #parent: string;
  readonly #answers: { resolve(): void; reject(error: Error): void }[] = [];

  private constructor(parent: string, way: string) {
    this.#parent = parent;
    this.folder = join(parent, "mount");
    const args = ["--import", import.meta.resolve("tsx"), SERVER, this.folder, way];
    this.process = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
    createInterface({ input: this.process.stdout ?? process.stdin }).on("line", (line) => {
      if (line.startsWith("{")) {
        const { asker, ...order } = JSON.parse(line) as { readonly asker: number };
        this.orders.push(order);
        this.askers.push(asker);
      } else this.#answers.shift()?.resolve();
    });
    this.ended = new Promise((resolve) => {
      this.process.once("exit", (status) => resolve(status));
    });
    this.process.once("exit", (status) => {
      for (const { reject } of this.#answers) reject(new Error(`the server ended with ${status}`));
    });
  }

  static async start(way = "mount", parent: string = newParent()): Promise<Mounted> {
    const mounted = new Mounted(parent, way);
    await mounted.#answered();
    return mounted;
  }

  /** The same directory, with another server. */
  again(): Promise<Mounted> {
    return Mounted.start("mount", this.#parent);
  }

  /** Kills the server; the shell that would unmount is stopped before. @returns its pid */
  async killWithoutWatch(): Promise<number> {
    const { pid = 0 } = this.process;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
    const shell = children.find((child) => readFileSync(`/proc/${child}/comm`, "utf8") === "sh\n");
    assert.ok(shell);
    process.kill(Number(shell), "SIGSTOP");
    await this.signal("SIGKILL");
    return Number(shell);
  }

  async order(order: MountOrder): Promise<void> {
    this.process.stdin?.write(`${JSON.stringify(order)}\n`);
    await this.#answered();
  }

  /** Runs a program in the mounted directory. */
  run(...command: readonly string[]): Promise<Ran> {
    return start(this.folder, command).ended;
  }

  signal(name: NodeJS.Signals): Promise<number | null> {
    this.process.kill(name);
    return this.ended;
  }

  /** Ends everything, whatever state it is in. */
  async remove(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null)
      await this.signal("SIGTERM");
    await eventually(() => (isMounted(this.folder) ? undefined : true), "the unmount");
    rmSync(this.#parent, { recursive: true, force: true });
  }

  #answered(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#answers.push({ resolve, reject });
    });
  }
}

function newParent(): string {
  const parent = mkdtempSync(join(tmpdir(), "galgo-mounted-"));
  chmodSync(parent, 0o755);
  mkdirSync(join(parent, "mount"));
  return parent;
}
