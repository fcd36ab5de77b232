// SPDX-License-Identifier: Apache-2.0
// Real programs under the built command line: a folder with a world of its own, learning, enforcing, and what a run left behind.
// Uses dist/, as a user does: `npm run build` first (`npm test` does it).
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { TestContext } from "node:test";
import { readRunRecord, type RunRecord } from "../../src/orchestrator/run-record.ts";
import { listNames } from "../../src/orchestrator/state-dir.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const ORDINARY_UID = 1000;
const SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const GALGO_EXIT_VIOLATED = 121;

/** Who runs a workload. */
export interface User {
  readonly name: string;
  /** undefined: whoever runs the tests. */
  readonly uid?: number;
}

const ORDINARY: User = { name: `uid ${ORDINARY_UID}`, uid: ORDINARY_UID };

/** Root and an ordinary user where the tests may choose, else the one they have. The number needs no account. */
export const USERS: readonly User[] =
  process.getuid?.() === 0 ? [{ name: "root" }, ORDINARY] : [{ name: "this user" }];

/** The first of `USERS`, for what does not depend on the user. */
export const USER: User = USERS[0] ?? ORDINARY;

/** How a command ended. */
export interface Outcome {
  readonly status: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that goes on. */
export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Outcome>;
}

export interface RunOptions {
  /** Given to the command as its whole standard input. */
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Exit status that is expected; 0 unless given. */
  readonly status?: number;
  /** Options of galgo, before the command. */
  readonly options?: readonly string[];
  /** Done while the command runs; for servers. */
  readonly meanwhile?: (running: Running) => Promise<void>;
}

/** Path of a program that a test needs, looked up as the workloads do; undefined when it is missing. */
export function program(name: string): string | undefined {
  const folders = [...SYSTEM_PATH.split(":"), dirname(process.execPath)];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** Skips the test with a reason when one of the programs is missing. @returns whether it does. */
export function lacks(t: TestContext, ...names: readonly string[]): boolean {
  const missing = names.filter((name) => program(name) === undefined);
  if (missing.length > 0) t.skip(`needs ${missing.join(", ")}`);
  return missing.length > 0;
}

/** A folder for one workload and one user; removed after the test, with everything that still runs. */
export class Workplace {
  readonly user: User;
  readonly folder: string;
  /** Working directory of the workload; `world` makes it anew. */
  readonly work: string;
  readonly env: Record<string, string>;
  readonly #main: string;
  readonly #running = new Set<Running>();

  constructor(t: TestContext, user: User = USER) {
    this.user = user;
    this.folder = mkdtempSync(join(tmpdir(), "galgo-workload-"));
    t.after(async () => {
      // a workload ends with its Galgo
      for (const { process } of this.#running) process.kill("SIGKILL");
      await Promise.allSettled([...this.#running].map(({ ended }) => ended));
      rmSync(this.folder, { recursive: true, force: true });
    });
    chmodSync(this.folder, 0o755);
    this.work = join(this.folder, "work");
    for (const name of ["work", "home", "state"]) mkdirSync(join(this.folder, name));
    this.env = {
      PATH: `${SYSTEM_PATH}:${dirname(process.execPath)}`,
      HOME: join(this.folder, "home"),
      GALGO_STATE_DIR: join(this.folder, "state"),
      LANG: "C.UTF-8",
      TZ: "UTC",
      NO_COLOR: "1",
    };
    this.own(this.folder);
    this.#main = this.#reachableMain();
  }

  path(...names: readonly string[]): string {
    return join(this.work, ...names);
  }

  /** Writes a file below the working directory and makes the folders above it. */
  write(name: string, content: string, mode = 0o644): string {
    const path = this.path(name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content, { mode });
    return path;
  }

  read(name: string): string {
    return readFileSync(this.path(name), "utf8");
  }

  /** Empties the working directory, fills it again, and gives it to the user: the same world as before, newly made. */
  world(fill: () => void): void {
    rmSync(this.work, { recursive: true, force: true });
    mkdirSync(this.work);
    fill();
    this.own(this.work);
  }

  /** Gives a folder and what is in it to the user. */
  own(path: string): void {
    const { uid } = this.user;
    if (uid === undefined) return;
    chownSync(path, uid, uid);
    for (const entry of readdirSync(path, { withFileTypes: true, recursive: true }))
      if (!entry.isSymbolicLink()) chownSync(join(entry.parentPath, entry.name), uid, uid);
  }

  /** Runs a command of the fixture itself, as the user, not under Galgo. */
  prepare(command: string, ...args: readonly string[]): string {
    const { uid } = this.user;
    const ended = spawnSync(command, args, {
      cwd: this.work,
      env: this.env,
      encoding: "utf8",
      ...(uid === undefined ? {} : { uid, gid: uid }),
    });
    assert.equal(ended.status, 0, `${command}: ${ended.error?.message ?? ended.stderr}`);
    return ended.stdout;
  }

  /** Learns a command as the model of this place; nothing may be lost. */
  learn(command: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    return this.#learnAs(this.model, command, options);
  }

  /** Learns it a second time, with what it needs done meanwhile, and merges. */
  async learnMore(command: readonly string[], options: RunOptions = {}): Promise<void> {
    const more = join(this.folder, "more.json");
    await this.#learnAs(more, command, options);
    const merged = await this.galgo("model", "merge", "-o", this.model, this.model, more);
    assert.equal(merged.status, 0, this.#words("merging", merged));
  }

  /** Runs a command under the enforced model and expects that nothing at all is refused. */
  async repeat(command: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    const outcome = await this.enforce(command, options);
    const record = this.record();
    assert.ok(record.outcome);
    const { counts, state } = record.outcome;
    const found = [counts.violations, counts.refused, counts.lost];
    const clean = found.every((number) => number === 0);
    const said = `${this.#words("enforcing", outcome)}\n${clean ? "" : await this.forensics()}`;
    assert.deepEqual(found, [0, 0, 0], said);
    assert.equal(outcome.status, options.status ?? 0, said);
    assert.equal(
      state,
      record.floor?.state ?? record.modelState,
      "nothing new was met, so the state is that of the model",
    );
    return outcome;
  }

  /** Runs a command under the enforced model and expects a refusal that the forensics name. */
  async refused(
    command: readonly string[],
    violation: RegExp,
    options: RunOptions = {},
  ): Promise<Outcome> {
    const outcome = await this.enforce(command, options);
    assert.equal(outcome.status, GALGO_EXIT_VIOLATED, this.#words("enforcing", outcome));
    assert.match(await this.forensics(), violation);
    return outcome;
  }

  enforce(command: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    const words = ["run", "-m", this.model, "--enforce", ...(options.options ?? [])];
    return this.#run([...words, "--", ...command], options);
  }

  /** The violations of the latest run in words, one a line, with what was refused afterwards. */
  async forensics(): Promise<string> {
    return (await this.galgo("show", this.#latest(), "forensics")).stdout;
  }

  /** run.json of the latest run. */
  record(): RunRecord {
    const runs = join(this.folder, "state", this.#latest());
    return readRunRecord(join(runs, "latest", "run.json"));
  }

  /** Runs galgo in the working directory, to its end. */
  galgo(...args: readonly string[]): Promise<Outcome> {
    return this.start(args).ended;
  }

  start(args: readonly string[], { stdin = "", env = {} }: RunOptions = {}): Running {
    const { uid } = this.user;
    const child = spawn(process.execPath, [this.#main, ...args], {
      cwd: this.work,
      env: { ...this.env, ...env },
      ...(uid === undefined ? {} : { uid, gid: uid }),
    });
    child.stdin.on("error", () => undefined); // it may end before it has read everything
    child.stdin.end(stdin);
    const output = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8").on("data", (part: string) => {
        output[name] += part;
      });
    }
    const ended = new Promise<Outcome>((done, failed) => {
      child.once("error", failed);
      child.once("close", (status, signal) => done({ status, signal, ...output }));
    });
    const running = { process: child, ended };
    this.#running.add(running);
    void ended.catch(() => undefined).finally(() => this.#running.delete(running));
    return running;
  }

  /** Where dist/ and node_modules/ are, readable by the user. */
  get installed(): string {
    return resolve(this.#main, "../..");
  }

  /** The words that run galgo, for a terminal of its own. */
  command(...args: readonly string[]): readonly string[] {
    return [process.execPath, this.#main, ...args];
  }

  /** The model of this place. */
  get model(): string {
    return join(this.folder, "m.json");
  }

  async #learnAs(model: string, command: readonly string[], options: RunOptions): Promise<Outcome> {
    const words = ["learn", "-o", model, ...(options.options ?? []), "--", ...command];
    const outcome = await this.#run(words, options);
    assert.equal(outcome.status, options.status ?? 0, this.#words("learning", outcome));
    assert.match(outcome.stderr, /\(none lost\)/);
    return outcome;
  }

  async #run(args: readonly string[], options: RunOptions): Promise<Outcome> {
    const running = this.start(args, options);
    try {
      await options.meanwhile?.(running);
    } catch (error) {
      // the workload ends with Galgo, and what it said explains the error
      running.process.kill("SIGKILL");
      const { stdout, stderr } = await running.ended;
      throw new Error(`${error instanceof Error ? error.message : error}\n${stdout}\n${stderr}`, {
        cause: error,
      });
    }
    return running.ended;
  }

  /** The name under which the only workload of this place keeps its runs. */
  #latest(): string {
    const [name] = listNames(join(this.folder, "state"));
    assert.ok(name);
    return name;
  }

  #words(what: string, { status, signal, stdout, stderr }: Outcome): string {
    return `${what} as ${this.user.name} ended with ${status ?? signal}\n${stdout}\n${stderr}`;
  }

  /** dist/galgo.cjs, or a copy of it where the user may not go to the checkout (below /root). */
  #reachableMain(): string {
    const main = join(ROOT, "dist/galgo.cjs");
    if (!existsSync(main)) throw new Error(`${main} is missing: npm run build`);
    if (this.user.uid === undefined || this.#mayRead(main)) return main;
    const copy = join(this.folder, "galgo");
    cpSync(join(ROOT, "dist"), join(copy, "dist"), { recursive: true });
    const manifest = readFileSync(join(ROOT, "package.json"), "utf8");
    writeFileSync(join(copy, "package.json"), manifest);
    const { dependencies } = JSON.parse(manifest) as { dependencies: Record<string, string> };
    for (const name of [...Object.keys(dependencies), "@koromix"]) {
      const from = join(ROOT, "node_modules", name);
      if (existsSync(from)) cpSync(from, join(copy, "node_modules", name), { recursive: true });
    }
    return join(copy, "dist/galgo.cjs");
  }

  #mayRead(path: string): boolean {
    const { uid = 0 } = this.user;
    return spawnSync("test", ["-r", path], { uid, gid: uid }).status === 0;
  }
}
