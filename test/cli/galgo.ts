// SPDX-License-Identifier: Apache-2.0
// Runs the command line as a user would, in a temporary folder and with a state directory of its own.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

const FROM_SOURCE = process.env["GALGO_TEST_SOURCE"] === "1";
const MAIN = fileURLToPath(
  new URL(FROM_SOURCE ? "../../src/cli/start.ts" : "../../dist/galgo.cjs", import.meta.url),
);
if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing: npm run build`);

/** The command and arguments that run `galgo` as it was built, or from source when GALGO_TEST_SOURCE is 1 (for coverage; a second slower). */
export const GALGO: readonly string[] = [
  process.execPath,
  ...(FROM_SOURCE ? ["--import", import.meta.resolve("tsx")] : []),
  MAIN,
];

export interface Outcome {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningGalgo {
  readonly process: ChildProcess;
  readonly ended: Promise<Outcome>;
  /** Waits for text on stdout or stderr. @returns the match */
  says(pattern: RegExp): Promise<RegExpExecArray>;
}

/** A folder to work in; removed after the test. */
export class Place {
  readonly folder: string;
  readonly state: string;
  readonly #context: TestContext | undefined;
  readonly #galgo: readonly string[];

  /** @param galgo the command line that is galgo */
  constructor(context?: TestContext, galgo: readonly string[] = GALGO) {
    this.#galgo = galgo;
    this.folder = mkdtempSync(join(tmpdir(), "galgo-cli-"));
    this.state = join(this.folder, "state");
    this.#context = context;
    context?.after(() => this.remove());
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, text: string, mode = 0o644): string {
    writeFileSync(this.path(name), text, { mode });
    return this.path(name);
  }

  files(): string[] {
    return readdirSync(this.folder).sort();
  }

  galgo(...args: readonly string[]): Promise<Outcome> {
    return this.start(args).ended;
  }

  /** Starts galgo without waiting for it. */
  start(args: readonly string[], env: NodeJS.ProcessEnv = {}): RunningGalgo {
    return this.#spawn([...this.#galgo, ...args], env);
  }

  /** Starts galgo through another program. */
  wrapped(wrapper: readonly string[], args: readonly string[]): RunningGalgo {
    return this.#spawn([...wrapper, ...this.#galgo, ...args], {});
  }

  #spawn([command = "", ...args]: readonly string[], env: NodeJS.ProcessEnv): RunningGalgo {
    const child = spawn(command, args, {
      cwd: this.folder,
      env: { ...process.env, GALGO_STATE_DIR: this.state, NO_COLOR: "1", ...env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#context?.after(() => child.kill("SIGKILL"));
    child.stdin.end();
    return follow(child);
  }
}

function follow(child: ChildProcess): RunningGalgo {
  const output = { stdout: "", stderr: "" };
  const waiting = new Set<() => void>();
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8").on("data", (part: string) => {
      output[name] += part;
      for (const look of waiting) look();
    });
  }
  const ended = new Promise<Outcome>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status, signal) => resolve({ status, signal, ...output }));
  });
  const says = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = pattern.exec(output.stdout) ?? pattern.exec(output.stderr);
        if (found === null) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
      void ended.then((outcome) => {
        if (waiting.has(look))
          reject(new Error(`${pattern} did not come: ${JSON.stringify(outcome)}`));
      });
    });
  return { process: child, ended, says };
}
