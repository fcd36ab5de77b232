// SPDX-License-Identifier: Apache-2.0
// A temporary folder with the compiled programs of bench/programs, and processes that end with the bench.
import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const PROGRAMS: string = resolve(import.meta.dirname, "../programs");

/** How a process ended, and what it said. */
export interface Ran {
  /** Exit status; 128 + n when it was ended by signal n or could not be started (then 255). */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  /** From spawn to its end (ms). */
  readonly ms: number;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** It is killed afterwards. Default 10 minutes. */
  readonly timeoutMs?: number;
}

/** One bench's place to work. */
export class Lab {
  readonly folder: string;
  readonly #children = new Set<ChildProcess>();
  readonly #compiled = new Map<string, string>();

  constructor(name: string) {
    this.folder = mkdtempSync(join(tmpdir(), `galgo-bench-${name}-`));
    process.once("exit", () => this.close());
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
      process.once(signal, () => process.exit(130));
  }

  /** A fresh folder in the lab. */
  sub(name: string): string {
    const path = join(this.folder, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  write(path: string, text: string): string {
    const file = join(this.folder, path);
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, text);
    return file;
  }

  /** Path of a program of bench/programs, compiled once. */
  program(name: string): string {
    let binary = this.#compiled.get(name);
    if (binary === undefined) {
      binary = join(this.sub("bin"), name);
      const source = join(PROGRAMS, `${name}.c`);
      const { status, stderr } = spawnSync("cc", ["-O2", "-o", binary, source, "-lpthread"], {
        encoding: "utf8",
      });
      if (status !== 0) throw new Error(`cc ${source} failed: ${stderr}`);
      this.#compiled.set(name, binary);
    }
    return binary;
  }

  /** Starts a process that is killed when the bench ends. */
  start(command: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const [program = "", ...args] = command;
    const child = spawn(program, args, options);
    this.#children.add(child);
    child.once("close", () => this.#children.delete(child));
    return child;
  }

  /** Runs a command to its end. stdin is empty. */
  run(command: readonly string[], options: RunOptions = {}): Promise<Ran> {
    const from = process.hrtime.bigint();
    const child = this.start(command, {
      stdio: ["ignore", "pipe", "pipe"],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.env === undefined ? {} : { env: options.env }),
    });
    return finished(child, from, options.timeoutMs ?? 600_000);
  }

  /** Runs a command that has to succeed. */
  async succeed(command: readonly string[], options: RunOptions = {}): Promise<Ran> {
    const ran = await this.run(command, options);
    if (ran.status !== 0) throw new Error(failure(command, ran));
    return ran;
  }

  close(): void {
    for (const child of this.#children) child.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }
}

/** What to say of a command that failed. */
export function failure(command: readonly string[], ran: Ran): string {
  const tail = `${ran.stdout.slice(-2_000)}${ran.stderr.slice(-4_000)}`;
  return `${command.join(" ")}: exit status ${ran.status}\n${tail}`;
}

/** Waits for the end of a child whose output is piped. */
export function finished(child: ChildProcess, from: bigint, timeoutMs: number): Promise<Ran> {
  const output = { stdout: "", stderr: "" };
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    output.stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    output.stderr += text;
  });
  return new Promise((done, reject) => {
    const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
    let ms = 0;
    child.once("error", reject);
    child.once("exit", () => {
      ms = Number(process.hrtime.bigint() - from) / 1e6;
    });
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      done({ status: code ?? (signal === "SIGKILL" ? 137 : 255), ...output, ms });
    });
  });
}
